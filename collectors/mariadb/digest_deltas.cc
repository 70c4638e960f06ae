// SPDX-License-Identifier: Apache-2.0
// The two readings are not of one moment: a digest may be ahead of its schema's sum.
#include "collectors/mariadb/digest_deltas.h"

#include <algorithm>

namespace erpnext {
namespace {

// What is left of the sum, and what the parts are ahead of it.
StatementCost Rest(const StatementCost& sum, const StatementCost& parts, StatementCost& ahead) {
  StatementCost rest;
  for (const auto figure : kStatementFigures) {
    const double left = sum.*figure - parts.*figure - ahead.*figure;
    rest.*figure = std::max(0.0, left);
    ahead.*figure = std::max(0.0, -left);
  }
  return rest;
}

}  // namespace

std::vector<StatementDigest> DigestDeltas::Take(const std::vector<StatementDigest>& digests,
                                                const std::vector<StatementDigest>& schemas) {
  std::vector<StatementDigest> deltas;
  std::map<Key, StatementCost> now;
  std::map<std::string, StatementCost> parts;
  for (const StatementDigest& each : digests) {
    if (each.digest.empty()) continue;
    const Key key(each.schema, each.digest);
    if (!now.emplace(key, each.cost).second) continue;
    const auto before = digests_.find(key);
    // One that was not there is new; but of those beyond the last reading's end the past is
    // unknown.
    if (!started_ || (before == digests_.end() && !complete_)) continue;
    StatementDigest delta = each;
    if (before != digests_.end()) delta.cost = each.cost.Since(before->second);
    parts[each.schema] += delta.cost;
    if (delta.cost.executions > 0) deltas.push_back(std::move(delta));
  }
  std::map<std::string, StatementCost> sums;
  for (const StatementDigest& each : schemas) {
    sums[each.schema] += each.cost;
    if (!started_) continue;
    const StatementCost sum = each.cost.Since(schemas_[each.schema]);
    StatementDigest rest{each.schema, "", "", Rest(sum, parts[each.schema], ahead_[each.schema])};
    if (rest.cost != StatementCost{}) deltas.push_back(std::move(rest));
  }
  std::erase_if(ahead_, [&](const auto& each) { return !sums.contains(each.first); });
  digests_ = std::move(now);
  schemas_ = std::move(sums);
  complete_ = digests.size() < kMaxStatementDigests;
  started_ = true;
  return deltas;
}

}  // namespace erpnext
