// SPDX-License-Identifier: Apache-2.0
// Counts that are emptied begin anew from 0. Those of a table or an index that is dropped go too
// (MariaDB 10.11), so not each fall of the sum is one of these.
#include "collectors/counted_use.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace erpnext {
namespace {

using nlohmann::json;

// Nobody knows whether it was off for a while when we were not there for longer.
constexpr double kLongestGap = 86400;

constexpr double kBetweenMarks = 86400.0 / 4;
constexpr std::size_t kMostMarks = 64;  // sixteen days

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
    counts_ = false;
    reads_.clear();
    return 0;
  }
  auto reads = ReadsOf(*usage.userstat);
  if (!GoesOn(usage.uptime_seconds, schemas, reads)) since_seconds_ = usage.uptime_seconds;
  counts_ = true;
  uptime_seconds_ = usage.uptime_seconds;
  reads_ = std::move(reads);
  return uptime_seconds_ - since_seconds_;
}

void CountedUse::SawIndexes(double uptime, std::uint64_t newest) {
  seen_seconds_ = uptime;
  // After a restart all that is judged has happened since.
  if (!marks_.empty() && uptime < marks_.back().uptime_seconds) marks_.clear();
  if (!marks_.empty() && uptime < marks_.back().uptime_seconds + kBetweenMarks) return;
  if (marks_.size() >= kMostMarks) marks_.erase(marks_.begin());
  marks_.push_back({uptime, newest});
}

std::uint64_t CountedUse::NewestIndexFor(double seconds) const {
  for (const Mark& mark : marks_) {
    if (mark.uptime_seconds > seen_seconds_ - seconds) return mark.newest;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

void CountedUse::Restore(const json& saved) {
  CountedUse restored;
  restored.counts_ = saved.at("counts").get<bool>();
  restored.since_seconds_ = saved.at("since").get<double>();
  restored.uptime_seconds_ = saved.at("uptime").get<double>();
  restored.reads_ = saved.at("reads").get<std::map<std::string, double>>();
  if (saved.contains("marks")) {
    using Saved = std::vector<std::pair<double, std::uint64_t>>;
    for (const auto& [uptime, newest] : saved["marks"].get<Saved>()) {
      if (restored.marks_.size() < kMostMarks) restored.marks_.push_back({uptime, newest});
    }
  }
  *this = std::move(restored);
}

json CountedUse::ToJson() const {
  json marks = json::array();
  for (const Mark& mark : marks_) marks.push_back({mark.uptime_seconds, mark.newest});
  return {{"marks", std::move(marks)},
          {"counts", counts_},
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
