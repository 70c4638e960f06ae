// SPDX-License-Identifier: Apache-2.0
// Counts that are emptied begin anew from 0. Those of a table or an index that is dropped go too
// (MariaDB 10.11), so not each fall of the sum is one of these.
#include "collectors/counted_use.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace erpnext {
namespace {

using nlohmann::json;

// Nobody knows whether it was off for a while when we were not there for longer.
constexpr double kLongestGap = 86400;

std::map<std::string, double> ReadsOf(const UsageOfSchemas& schemas) {
  std::map<std::string, double> reads;
  for (const auto& [schema, tables] : schemas) {
    for (const auto& [table, usage] : tables) reads[schema] += usage.AllReads();
  }
  return reads;
}

}  // namespace

bool CountedUse::GoesOn(double uptime, std::span<const std::string_view> schemas,
                        const std::map<std::string, double>& reads) const {
  if (!counts_ || uptime < uptime_seconds_ || uptime > uptime_seconds_ + kLongestGap) return false;
  double before = 0, now = 0;
  for (const std::string_view schema : schemas) {
    const std::string name(schema);
    const auto old = reads_.find(name), found = reads.find(name);
    if (old == reads_.end()) continue;
    before += old->second;
    now += found == reads.end() ? 0 : found->second;
  }
  return now >= before / 2;
}

double CountedUse::Look(const IndexUsage& usage, std::span<const std::string_view> schemas) {
  if (!usage.userstat) {
    *this = {};
    return 0;
  }
  auto reads = ReadsOf(*usage.userstat);
  if (!GoesOn(usage.uptime_seconds, schemas, reads)) since_seconds_ = usage.uptime_seconds;
  counts_ = true;
  uptime_seconds_ = usage.uptime_seconds;
  reads_ = std::move(reads);
  return uptime_seconds_ - since_seconds_;
}

void CountedUse::Restore(const json& saved) {
  CountedUse restored;
  restored.counts_ = saved.at("counts").get<bool>();
  restored.since_seconds_ = saved.at("since").get<double>();
  restored.uptime_seconds_ = saved.at("uptime").get<double>();
  restored.reads_ = saved.at("reads").get<std::map<std::string, double>>();
  *this = std::move(restored);
}

json CountedUse::ToJson() const {
  return {{"counts", counts_},
          {"since", since_seconds_},
          {"uptime", uptime_seconds_},
          {"reads", reads_}};
}

std::map<std::string, CountedUse> CountedUsesOf(const json& saved) {
  std::map<std::string, CountedUse> uses;
  for (const auto& [address, use] : saved.at("servers").items()) uses[address].Restore(use);
  return uses;
}

}  // namespace erpnext
