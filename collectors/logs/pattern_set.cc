// SPDX-License-Identifier: Apache-2.0
// RE2::Set over all patterns.
#include "collectors/logs/pattern_set.h"

#include <algorithm>
#include <set>

namespace erpnext {
namespace {

constexpr std::int64_t kMaxMemory = 8 << 20;
constexpr std::string_view kSeverities[] = {"info", "warning", "error", "critical"};

re2::RE2::Options Options() {
  re2::RE2::Options options;
  // In UTF-8 mode a dot does not match an invalid byte, and lines with one would be missed.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  return options;
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

const std::vector<LogPattern>& BundledLogPatterns() {
  // From Frappe's and its libraries' own texts. Frappe translates its messages, but neither the
  // names of exceptions nor the texts of MariaDB and Redis.
  static const std::vector<LogPattern> patterns = {
      {"database_connections", "critical",
       R"(\((1040|1203), .*[Tt]oo many connections|max_user_connections)"},
      {"database_deadlock", "warning", R"(\(1213, .Deadlock found|QueryDeadlockError)"},
      {"database_gone", "critical",
       R"(\((2002|2003), .Can't connect to|\(2006, |\(2013, .Lost connection|InterfaceError: \(0, '')"},
      {"database_lock_timeout", "warning", R"(\(1205, .Lock wait timeout|QueryTimeoutError)"},
      {"disk_full", "critical",
       R"(No space left on device|[Dd]isk (is )?full|\(1114, .The table )"},
      {"job_killed", "error", R"([Ww]ork-horse (was )?terminated unexpectedly|AbandonedJobError)"},
      {"job_timeout", "error", R"(JobTimeoutException)"},
      {"out_of_memory", "critical",
       R"(MemoryError|was sent SIGKILL! Perhaps out of memory|Cannot allocate memory|OOM command not allowed)"},
      {"redis_unavailable", "critical",
       R"(redis\.exceptions\.(Connection|Timeout|BusyLoading)Error|Could not connect to Redis|MISCONF Redis)"},
      {"scheduler_skipped", "warning", R"(Skipped queueing .* because it was found in queue)"},
      {"schema_mismatch", "error", R"(\(1054, .Unknown column|\(1146, .Table .* doesn't exist)"},
      {"web_worker_timeout", "error", R"(WORKER TIMEOUT \(pid:)"},
  };
  return patterns;
}

Status CheckLogPattern(const LogPattern& pattern) {
  if (!IsName(pattern.name)) {
    return Fail(ErrorKind::kMalformed,
                "pattern name must be 1 to 64 small letters, digits and underscores");
  }
  if (std::find(std::begin(kSeverities), std::end(kSeverities), pattern.severity) ==
      std::end(kSeverities)) {
    return Fail(ErrorKind::kMalformed,
                "pattern {}: severity must be info, warning, error or critical", pattern.name);
  }
  const re2::RE2 regex(pattern.regex, Options());
  if (regex.ok()) return {};
  const std::size_t at = pattern.regex.find(regex.error_arg());
  return Fail(ErrorKind::kMalformed, "pattern {}: {} at byte {}: {}", pattern.name, regex.error(),
              at == std::string::npos ? 0 : at, regex.error_arg());
}

PatternSet::PatternSet(std::vector<LogPattern> patterns) {
  auto set = std::make_unique<re2::RE2::Set>(Options(), re2::RE2::UNANCHORED);
  std::set<std::string> names;
  for (LogPattern& pattern : patterns) {
    Status checked = CheckLogPattern(pattern);
    if (checked && !names.insert(pattern.name).second) {
      checked = Fail(ErrorKind::kMalformed, "pattern {}: the name occurs twice", pattern.name);
    }
    if (!checked) {
      if (status_) status_ = checked;
      continue;
    }
    set->Add(pattern.regex, nullptr);
    singles_.push_back(std::make_unique<re2::RE2>(pattern.regex, Options()));
    patterns_.push_back(std::move(pattern));
  }
  // Without a set, which is refused when the patterns are too large for its memory, each is asked.
  if (!patterns_.empty() && set->Compile()) set_ = std::move(set);
}

void PatternSet::Match(std::string_view line, std::vector<int>& matched) const {
  matched.clear();
  if (set_) {
    re2::RE2::Set::ErrorInfo error{};
    if (set_->Match(line, &matched, &error)) return;
    if (error.kind == re2::RE2::Set::kNoError) return;
    matched.clear();
  }
  for (std::size_t i = 0; i < singles_.size(); ++i) {
    if (re2::RE2::PartialMatch(line, *singles_[i])) matched.push_back(static_cast<int>(i));
  }
}

}  // namespace erpnext
