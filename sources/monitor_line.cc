// SPDX-License-Identifier: Apache-2.0
// JSON to an entry. Facts of frappe/monitor.py, Frappe 13 to 16.
#include "sources/monitor_line.h"

#include <nlohmann/json.hpp>

#include "sources/rq.h"

namespace erpnext {
namespace {

using nlohmann::json;

// Nothing a bench does lasts longer: RQ's longest time-out is far below it.
constexpr double kMaxSeconds = 30.0 * 24 * 3600;

const json* Find(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

const std::string* FindText(const json& object, const char* key) {
  const json* value = Find(object, key);
  return value != nullptr ? value->get_ptr<const std::string*>() : nullptr;
}

// Written as whole microseconds.
std::optional<double> FindDuration(const json& object, const char* key) {
  const json* value = Find(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->get<double>() / 1e6;
  return seconds >= 0 && seconds <= kMaxSeconds ? std::optional(seconds) : std::nullopt;
}

Status ReadRequest(const json& line, MonitorEntry& entry) {
  entry.type = MonitorEntry::Type::kRequest;
  const json* request = Find(line, "request");
  const json* status =
      request != nullptr && request->is_object() ? Find(*request, "status_code") : nullptr;
  if (status == nullptr || !status->is_number_integer()) {
    return Fail(ErrorKind::kMalformed, "a request without a status");
  }
  const double code = status->get<double>();
  if (code < 100 || code > 599) return Fail(ErrorKind::kMalformed, "a status that HTTP has not");
  entry.status = static_cast<int>(code);
  if (const std::string* path = FindText(*request, "path")) {
    entry.path = path->substr(0, path->find('?'));
  }
  return {};
}

Status ReadJob(const json& line, MonitorEntry& entry) {
  entry.type = MonitorEntry::Type::kJob;
  const json* job = Find(line, "job");
  if (job == nullptr || !job->is_object()) {
    return Fail(ErrorKind::kMalformed, "a job without its data");
  }
  const json* scheduled = Find(*job, "scheduled");
  entry.scheduled = scheduled != nullptr && scheduled->is_boolean() && scheduled->get<bool>();
  entry.wait_seconds = FindDuration(*job, "wait");
  return {};
}

}  // namespace

std::optional<double> ParseMonitorTime(std::string_view text) {
  constexpr std::string_view kUtc = "+00:00";
  constexpr std::size_t kBlank = 10;  // where RQ writes a T
  if (text.ends_with(kUtc)) text.remove_suffix(kUtc.size());
  if (text.size() <= kBlank || text[kBlank] != ' ' || text.ends_with('Z')) return std::nullopt;
  std::string time(text);
  time[kBlank] = 'T';
  return ParseRqTime(time);
}

Result<MonitorEntry> ParseMonitorLine(std::string_view text) {
  const json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return Fail(ErrorKind::kMalformed, "no JSON object");
  const std::string* type = FindText(line, "transaction_type");
  const std::string* site = FindText(line, "site");
  const auto seconds = FindDuration(line, "duration");
  if (type == nullptr || site == nullptr || !seconds) {
    return Fail(ErrorKind::kMalformed, "no type, site or duration");
  }
  MonitorEntry entry;
  entry.site = *site;
  entry.seconds = *seconds;
  if (const std::string* time = FindText(line, "timestamp")) {
    entry.started_at = ParseMonitorTime(*time);
  }
  if (const std::string* exception = FindText(line, "exception")) entry.exception = *exception;
  Status status;
  if (*type == "request") {
    status = ReadRequest(line, entry);
  } else if (*type == "job") {
    status = ReadJob(line, entry);
  } else {
    status = Fail(ErrorKind::kMalformed, "an unknown type");
  }
  if (!status) return Fail(status.error());
  return entry;
}

}  // namespace erpnext
