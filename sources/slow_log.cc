// SPDX-License-Identifier: Apache-2.0
// The forms are those of sql/log.cc of MariaDB 5.5 to 11 and of MySQL 8.
#include "sources/slow_log.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::string_view kUserHost = "# User@Host: ";
constexpr std::string_view kTime = "# Time: ";
constexpr std::string_view kCommand = "# administrator command: ";
constexpr std::string_view kStarted = "started with:";
constexpr std::string_view kOurs = "/* erpnext-exporter */";
constexpr std::size_t kMaxName = 128;  // users have up to 128 characters, schemas up to 64
constexpr int kMaxLooks = 64;
// Nothing takes longer, and no statement reads more rows.
constexpr double kMostSeconds = 1e8;
constexpr double kMostRows = 1e15;

struct Figure {
  std::string_view key;
  double StatementCost::*field;
  double most;
};
constexpr Figure kFigures[] = {
    {"Query_time", &StatementCost::seconds, kMostSeconds},
    {"Lock_time", &StatementCost::lock_seconds, kMostSeconds},
    {"Rows_sent", &StatementCost::rows_sent, kMostRows},
    {"Rows_examined", &StatementCost::rows_examined, kMostRows},
    {"Rows_affected", &StatementCost::rows_affected, kMostRows},
    {"Tmp_disk_tables", &StatementCost::tmp_disk_tables, kMostRows},
};

std::optional<double> NumberUpTo(std::string_view text, double most) {
  const auto number = ParseNumber<double>(text);
  return number && *number >= 0 && *number <= most ? number : std::nullopt;
}

// Of "use `x`;" or "use x;".
std::optional<std::string_view> UsedSchema(std::string_view line) {
  if (!line.starts_with("use ") || !line.ends_with(';')) return std::nullopt;
  std::string_view name = line.substr(4, line.size() - 5);
  if (name.size() >= 2 && name.front() == '`' && name.back() == '`') {
    name = name.substr(1, name.size() - 2);
  }
  return name;
}

bool IsTimestamp(std::string_view line) {
  return line.starts_with("SET ") && line.ends_with(';') &&
         line.find("timestamp=") != std::string_view::npos;
}

// What a server writes into the log when it starts.
bool IsBanner(std::string_view line) {
  return line.ends_with(kStarted) && line.find(", Version: ") != std::string_view::npos;
}

}  // namespace

void SlowLogParser::Line(std::string_view line, bool whole) {
  lines_since_ = true;
  if (line.ends_with('\r')) line.remove_suffix(1);
  const bool header = line.starts_with(kUserHost);
  if (header || line.starts_with(kTime) || IsBanner(line)) {
    const bool inside = state_ == State::kStatement && (!ends_ || !Complete());
    if (!inside) {
      Tell();
      if (header) Begin(line);
      return;
    }
  }
  switch (state_) {
    case State::kNone: return;
    case State::kHeader:
    case State::kTimed:
      if (line.starts_with('#')) return HeaderLine(line);
      if (state_ == State::kHeader) {  // a header without its time is none
        state_ = State::kNone;
        return;
      }
      if (const auto schema = UsedSchema(line)) {
        used_schema_ = schema->substr(0, kMaxName);
        return;
      }
      state_ = State::kStatement;
      if (IsTimestamp(line)) return;
      break;
    case State::kStatement: break;
  }
  StatementLine(line, whole);
}

void SlowLogParser::Begin(std::string_view line) {
  line.remove_prefix(kUserHost.size());
  state_ = State::kHeader;
  user_ = line.substr(0, std::min({line.find('['), line.find(' '), kMaxName}));
  schema_.clear();
  entry_ = SlowStatement{};
  entry_.cost.executions = 1;
  in_doubt_ = doubt_;
  statement_.clear();
  cut_off_ = command_ = ends_ = has_text_ = false;
  looks_ = 0;
}

// "# Query_time: 0.500231  Lock_time: 0.000000  Rows_sent: 0": any number of pairs.
void SlowLogParser::HeaderLine(std::string_view line) {
  line.remove_prefix(1);
  if (line.starts_with(" explain:")) return;
  for (;;) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view key = Trim(line.substr(0, colon));
    line.remove_prefix(colon + 1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    // A schema may have a blank in its name; pairs have two between them.
    const std::size_t end = key == "Schema" ? line.find("  ") : line.find(' ');
    Field(key, line.substr(0, end));
    line.remove_prefix(std::min(end, line.size()));
  }
}

void SlowLogParser::Field(std::string_view key, std::string_view value) {
  if (key == "Schema") {
    schema_ = value.substr(0, kMaxName);
    used_schema_ = schema_;
    return;
  }
  if (key == "Full_scan") {
    entry_.tells_plan = true;
    entry_.cost.full_scans = value == "Yes" ? 1 : 0;
  }
  if ((key == "Full_scan" || key == "Full_join") && value == "Yes") entry_.cost.without_index = 1;
  for (const Figure& figure : kFigures) {
    if (key != figure.key) continue;
    const auto number = NumberUpTo(value, figure.most);
    if (number) entry_.cost.*figure.field = *number;
    if (key == "Query_time") state_ = number ? State::kTimed : State::kNone;
    return;
  }
}

void SlowLogParser::StatementLine(std::string_view line, bool whole) {
  if (statement_.empty() && line.starts_with(kCommand)) command_ = true;
  ends_ = !whole || line.ends_with(';');
  const std::size_t room = kMaxStatement - statement_.size();
  if (!whole || line.size() + 1 > room) cut_off_ = true;
  statement_.append(line.substr(0, room));
  if (statement_.size() < kMaxStatement) statement_ += '\n';
}

// Whether the statement, of which a line ended with a semicolon, may end there.
bool SlowLogParser::Complete() {
  has_text_ = !command_ && fingerprint_.Take(statement_, cut_off_);
  if (command_ || in_doubt_) return true;
  if (cut_off_ || ++looks_ > kMaxLooks) {
    doubt_ = true;
    return true;
  }
  return !fingerprint_.open_ended();
}

// Ends the entry, if there is one.
void SlowLogParser::Tell() {
  if (state_ == State::kStatement) {
    entry_.user = user_;
    entry_.schema = schema_.empty() ? used_schema_ : schema_;
    entry_.ours = statement_.starts_with(kOurs);
    if (has_text_ && !in_doubt_) entry_.text = fingerprint_.text();
    if (command_) entry_.text = "administrator command";
    sink_(entry_);
  }
  state_ = State::kNone;
}

void SlowLogParser::Pause() {
  const bool quiet = !lines_since_;
  lines_since_ = false;
  if (state_ == State::kStatement) {
    if (!ends_) return;
    // One that stays open was no good SQL.
    if (!Complete() && !quiet) return;
    Tell();
  }
  if (state_ == State::kNone) doubt_ = false;
}

}  // namespace erpnext
