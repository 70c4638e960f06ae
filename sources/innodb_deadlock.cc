// SPDX-License-Identifier: Apache-2.0
// Reads the section line by line. Facts of lock0lock.cc and trx0trx.cc of MariaDB 10.11, and of
// captured dumps.
#include "sources/innodb_deadlock.h"

#include <fmt/format.h>

#include <set>

#include "core/text.h"
#include "sources/statement_kind.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxSides = 16;
constexpr std::size_t kMaxLines = 20'000;

constexpr std::string_view kTitle = "LATEST DETECTED DEADLOCK\n";

std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

// What stands between two marks; nothing when one of them is missing.
std::optional<std::string_view> Between(std::string_view text, std::string_view begin,
                                        std::string_view end) {
  const std::size_t from = text.find(begin);
  if (from == std::string_view::npos) return std::nullopt;
  text.remove_prefix(from + begin.size());
  const std::size_t to = text.find(end);
  if (to == std::string_view::npos) return std::nullopt;
  return text.substr(0, to);
}

// "lock_mode X locks gap before rec insert intention waiting"; MySQL and table locks have "lock
// mode".
std::string ModeOf(std::string_view line) {
  std::size_t at = line.find(" lock_mode ");
  if (at == std::string_view::npos) at = line.find(" lock mode ");
  if (at == std::string_view::npos) return "other";
  std::string_view rest = line.substr(at + std::string_view(" lock_mode ").size());
  std::string mode(rest.substr(0, rest.find(' ')));
  if (mode.size() > 8 || mode.empty()) return "other";
  if (rest.find("locks gap before rec") != std::string_view::npos) mode += " gap";
  if (rest.find("locks rec but not gap") != std::string_view::npos) mode += " record";
  if (rest.find("insert intention") != std::string_view::npos) mode += " insert intention";
  return mode;
}

std::optional<DeadlockLock> LockOf(std::string_view line) {
  constexpr std::string_view kOfTable = " of table ", kTable = "TABLE LOCK table ";
  DeadlockLock lock;
  std::string_view table;
  if (line.starts_with("RECORD LOCKS ")) {
    const auto index = Between(line, " index ", kOfTable);
    if (!index) return std::nullopt;
    lock.index = *index;
    if (lock.index.size() > 2 && lock.index.starts_with('`') && lock.index.ends_with('`')) {
      lock.index = lock.index.substr(1, lock.index.size() - 2);
    }
    table = line.substr(line.find(kOfTable) + kOfTable.size());
  } else if (line.starts_with(kTable)) {
    table = line.substr(kTable.size());
  }
  const auto name = ParseTableName(table);
  if (!name) return std::nullopt;
  lock.table = *name;
  lock.mode = ModeOf(line);
  return lock;
}

// "2026-11-24 00:21:56 0x7f9a2e3666c0": behind the time stands a thread.
std::string Stamp(std::string_view line) {
  const std::size_t second = line.find(' ', line.find(' ') + 1);
  return std::string(line.substr(0, std::min<std::size_t>(second, 32)));
}

}  // namespace

void DeadlockReader::Take(std::string_view line) {
  if (line.starts_with("*** ")) {
    TakeMark(line);
  } else if (part_ == Part::kTransaction && line.starts_with("TRANSACTION ")) {
    const std::string_view number = line.substr(std::string_view("TRANSACTION ").size());
    deadlock_.sides.back().transaction =
        number.substr(0, std::min<std::size_t>(number.find(','), 20));
  } else if (part_ == Part::kTransaction && line.find(" thread id ") != std::string_view::npos) {
    part_ = Part::kStatement;
  } else if (part_ == Part::kStatement && !Trim(line).empty()) {
    deadlock_.sides.back().statement = StatementKindOf(line);
    part_ = Part::kNone;
  } else if (part_ == Part::kWaiting && !deadlock_.sides.back().wants) {
    deadlock_.sides.back().wants = LockOf(line);
  }
}

void DeadlockReader::TakeMark(std::string_view line) {
  part_ = Part::kNone;
  if (line.starts_with("*** (") && line.ends_with(" TRANSACTION:")) {
    if (deadlock_.sides.size() >= kMaxSides) return;
    deadlock_.sides.push_back({"", "other", std::nullopt});
    part_ = Part::kTransaction;
  } else if (line.find("WAITING FOR THIS LOCK TO BE GRANTED") != std::string_view::npos) {
    if (!deadlock_.sides.empty()) part_ = Part::kWaiting;
  } else if (const auto number = Between(line, "WE ROLL BACK TRANSACTION (", ")")) {
    complete_ = true;
    const auto victim = ParseNumber<std::size_t>(*number);
    if (victim && *victim >= 1 && *victim <= deadlock_.sides.size()) {
      deadlock_.victim = *victim - 1;
    }
  }
}

std::optional<Deadlock> DeadlockReader::Done() && {
  if (deadlock_.sides.empty()) return std::nullopt;
  return std::move(deadlock_);
}

std::string IdentityOf(const Deadlock& deadlock) {
  std::set<std::string_view> transactions;
  for (const DeadlockSide& side : deadlock.sides) transactions.insert(side.transaction);
  return fmt::format("{} {}", fmt::join(transactions, " "),
                     transactions.contains("") ? deadlock.at : "");
}

std::optional<Deadlock> LatestDeadlock(std::string_view status) {
  const std::size_t title = status.find(kTitle);
  if (title == std::string_view::npos) return std::nullopt;
  status.remove_prefix(title + kTitle.size());
  TakeLine(status);  // a line of dashes
  DeadlockReader reader(Stamp(TakeLine(status)));
  for (std::size_t lines = 0; !status.empty() && lines < kMaxLines; ++lines) {
    const std::string_view line = TakeLine(status);
    if (line.starts_with("------------")) break;  // the next section
    reader.Take(line);
  }
  return std::move(reader).Done();
}

}  // namespace erpnext
