// SPDX-License-Identifier: Apache-2.0
// Lines to counters and histograms, and these to JSON and back.
#include "collectors/frappe/monitor_counts.h"

#include <algorithm>

#include "collectors/frappe/request_route.h"
#include "core/text.h"

namespace erpnext {
namespace {

using nlohmann::json;

// From a ping's milliseconds to the five minutes after which RQ ends a job of `default`.
constexpr double kBounds[] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

// An app may raise classes without end; these come first and keep their label.
constexpr std::size_t kMaxClasses = 50;
constexpr std::size_t kMaxClassName = 64;
constexpr const char* kOther = "other";

// A clock that is ahead by more than this is wrong, and would hide that nothing is written any
// more.
constexpr double kMaxAheadSeconds = 3600;

// Frappe writes the name of the Python class; anything else comes from somebody who invents names.
bool IsClassName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxClassName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.';
         });
}

json ToJson(const std::map<MonitorCounts::Key, Histogram>& histograms) {
  json out = json::array();
  for (const auto& [key, h] : histograms) out.push_back({key, h.buckets, h.count, h.sum});
  return out;
}

std::map<MonitorCounts::Key, Histogram> HistogramsFromJson(const json& saved) {
  std::map<MonitorCounts::Key, Histogram> out;
  for (const json& item : saved) {
    Histogram histogram = MonitorCounts::Empty();
    const std::size_t size = histogram.buckets.size();
    histogram.buckets = item.at(1).get<std::vector<std::uint64_t>>();
    // Of a version with other bounds: what it counted cannot be gone on with.
    if (histogram.buckets.size() != size) continue;
    histogram.count = item.at(2);
    histogram.sum = item.at(3);
    out.emplace(item.at(0).get<MonitorCounts::Key>(), std::move(histogram));
  }
  return out;
}

void Observe(std::map<MonitorCounts::Key, Histogram>& histograms, MonitorCounts::Key key,
             double seconds) {
  histograms.try_emplace(std::move(key), MonitorCounts::Empty()).first->second.Observe(seconds);
}

}  // namespace

bool RecentLines::Remember(std::uint64_t hash) {
  if (!hashes_.insert(hash).second) return false;
  order_.push_back(hash);
  if (order_.size() > kRemembered) {
    hashes_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

bool RecentLines::Insert(const std::string& site, std::string_view line) {
  const std::uint64_t hash = StableHash(line);
  const auto last = last_.find(site);
  if (last != last_.end() && last->second == hash) return false;
  if (!Remember(hash)) return false;
  last_[site] = hash;
  return true;
}

json RecentLines::ToJson() const {
  const std::size_t kept = std::min(order_.size(), kKept);
  return {{"latest", std::vector<std::uint64_t>(order_.end() - static_cast<std::ptrdiff_t>(kept),
                                                order_.end())},
          {"last", last_}};
}

RecentLines RecentLines::FromJson(const json& saved) {
  RecentLines recent;
  for (const json& hash : saved.at("latest")) recent.Remember(hash.get<std::uint64_t>());
  recent.last_ = saved.at("last");
  return recent;
}

Histogram MonitorCounts::Empty() { return Histogram(kBounds); }

std::string MonitorCounts::ExceptionLabel(const std::string& name) {
  if (!IsClassName(name)) return kOther;
  if (classes_.contains(name)) return name;
  if (classes_.size() >= kMaxClasses) return kOther;
  classes_.insert(name);
  return name;
}

void MonitorCounts::Count(std::string_view line, double now,
                          const std::function<std::string(const std::string&)>& label_of) {
  const auto entry = ParseMonitorLine(line);
  if (!entry) {
    ++results[kMalformed];
    return;
  }
  const std::string site = label_of(entry->site);
  if (!recent_.Insert(site, line)) {
    ++results[kDuplicate];
    return;
  }
  ++results[kCounted];
  if (entry->started_at && *entry->started_at <= now + kMaxAheadSeconds) {
    last_entry = std::max(last_entry.value_or(0), *entry->started_at);
  }
  const bool job = entry->type == MonitorEntry::Type::kJob;
  if (job) {
    Observe(jobs, {site, entry->scheduled ? "scheduled" : "background"}, entry->seconds);
    if (entry->wait_seconds) Observe(waits, {site}, *entry->wait_seconds);
  } else {
    const std::string code = std::to_string(entry->status / 100) + "xx";
    Observe(requests, {site, std::string(RequestRoute(entry->path)), code}, entry->seconds);
  }
  if (!entry->exception.empty()) {
    ++(job ? job_exceptions : request_exceptions)[{site, ExceptionLabel(entry->exception)}];
  }
}

json MonitorCounts::ToJson() const {
  return {{"requests", erpnext::ToJson(requests)},
          {"jobs", erpnext::ToJson(jobs)},
          {"waits", erpnext::ToJson(waits)},
          {"request_exceptions", request_exceptions},
          {"job_exceptions", job_exceptions},
          {"classes", classes_},
          {"results", results},
          {"last_entry", last_entry.value_or(0)},
          {"recent", recent_.ToJson()}};
}

MonitorCounts MonitorCounts::FromJson(const json& saved) {
  MonitorCounts counts;
  counts.requests = HistogramsFromJson(saved.at("requests"));
  counts.jobs = HistogramsFromJson(saved.at("jobs"));
  counts.waits = HistogramsFromJson(saved.at("waits"));
  counts.request_exceptions = saved.at("request_exceptions");
  counts.job_exceptions = saved.at("job_exceptions");
  counts.classes_ = saved.at("classes");
  counts.results = saved.at("results");
  const double last = saved.at("last_entry");
  if (last > 0) counts.last_entry = last;
  counts.recent_ = RecentLines::FromJson(saved.at("recent"));
  return counts;
}

}  // namespace erpnext
