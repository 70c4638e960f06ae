// SPDX-License-Identifier: Apache-2.0
// Time lately is a sum that halves every half an hour.
#include "collectors/mariadb/top_statements.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "sources/digest_text.h"

namespace erpnext {

using nlohmann::json;

void TopStatements::Add(const SiteKey& site, const std::string& id, std::string_view text,
                        const StatementCost& cost) {
  if (id.empty()) {
    rest_[site] += cost;
    return;
  }
  const auto [found, is_new] = known_.try_emplace({site, id});
  Counts& counts = found->second;
  if (is_new) counts.text = ShortDigestText(text, kMaxText);
  counts.lately += cost.seconds;
  (counts.is_named ? counts.named : rest_[site]) += cost;
  // Not only at the next Rank: one log may hold any number of kinds.
  if (known_.size() > 2 * kMostKnown) ForgetSome();
}

void TopStatements::Rank(SteadyTime now) {
  const double halves = ranked_ ? Seconds(now - *ranked_) / Seconds(kHalfLife) : 0;
  ranked_ = now;
  std::vector<Counts*> order;
  for (auto& [statement, counts] : known_) {
    counts.lately *= std::exp2(-halves);
    order.push_back(&counts);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Counts* a, const Counts* b) { return a->lately > b->lately; });
  for (std::size_t i = 0; i < std::min(order.size(), kTop); ++i) {
    if (order[i]->lately <= 0) break;
    order[i]->is_named = true;
    order[i]->last_in_top = now;
  }
  std::vector<Counts*> named;
  for (Counts* counts : order) {
    if (counts->is_named && now - counts->last_in_top > kStay) counts->is_named = false;
    if (counts->is_named) named.push_back(counts);
  }
  std::stable_sort(named.begin(), named.end(), [](const Counts* a, const Counts* b) {
    return a->last_in_top > b->last_in_top;
  });
  for (std::size_t i = kMostNamed; i < named.size(); ++i) named[i]->is_named = false;
  if (known_.size() > kMostKnown) ForgetSome();
}

// Those that took least time lately, but none that is named.
void TopStatements::ForgetSome() {
  std::vector<double> lately;
  lately.reserve(known_.size());
  for (const auto& [statement, counts] : known_) lately.push_back(counts.lately);
  const auto least = lately.end() - static_cast<std::ptrdiff_t>(kMostKnown / 2);
  std::nth_element(lately.begin(), least, lately.end());
  const double limit = *least;
  std::erase_if(known_, [&](const auto& each) {
    return !each.second.is_named && each.second.lately <= limit;
  });
}

namespace {

json CostToJson(const StatementCost& cost) {
  json out = json::array();
  for (const auto figure : kStatementFigures) out.push_back(cost.*figure);
  return out;
}

StatementCost CostFromJson(const json& state) {
  StatementCost cost;
  std::size_t at = 0;
  for (const auto figure : kStatementFigures) cost.*figure = state.at(at++).get<double>();
  return cost;
}

}  // namespace

json TopStatements::ToJson() const {
  json statements = json::array();
  for (const auto& [statement, counts] : known_) {
    if (!counts.is_named) continue;
    statements.push_back({{"bench", statement.site.bench},
                          {"site", statement.site.site},
                          {"id", statement.id},
                          {"text", counts.text},
                          {"lately", counts.lately},
                          {"cost", CostToJson(counts.named)}});
  }
  json rest = json::array();
  for (const auto& [site, cost] : rest_) {
    rest.push_back({{"bench", site.bench}, {"site", site.site}, {"cost", CostToJson(cost)}});
  }
  return {{"statements", statements}, {"rest", rest}};
}

TopStatements TopStatements::FromJson(const json& state, SteadyTime now) {
  TopStatements top;
  for (const json& each : state.at("statements")) {
    Counts& counts = top.known_[{{each.at("bench"), each.at("site")}, each.at("id")}];
    counts.text = each.at("text");
    counts.lately = each.at("lately");
    counts.named = CostFromJson(each.at("cost"));
    counts.is_named = true;
    counts.last_in_top = now;
  }
  for (const json& each : state.at("rest")) {
    top.rest_[{each.at("bench"), each.at("site")}] = CostFromJson(each.at("cost"));
  }
  return top;
}

}  // namespace erpnext
