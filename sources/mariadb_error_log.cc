// SPDX-License-Identifier: Apache-2.0
#include "sources/mariadb_error_log.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/text.h"
#include "sources/file.h"
#include "sources/mariadb_target.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxLines = 20'000;
constexpr std::string_view kInnodb = "InnoDB: ";

constexpr std::string_view kDigits = "0123456789";

// "2026-11-24" of that and of "261124", which what is written while the server dies has. Empty for
// any other word.
std::string DateOf(std::string_view word) {
  if (word.size() == 6 && word.find_first_not_of(kDigits) == std::string_view::npos) {
    return fmt::format("20{}-{}-{}", word.substr(0, 2), word.substr(2, 2), word.substr(4));
  }
  if (word.size() != 10 || word[4] != '-' || word[7] != '-') return "";
  return word.find_first_not_of("0123456789-") == std::string_view::npos ? std::string(word) : "";
}

bool IsTime(std::string_view word) {
  return (word.size() == 7 || word.size() == 8) && word[word.size() - 3] == ':' &&
         word.find_first_not_of("0123456789:") == std::string_view::npos;
}

// The word at the beginning and the blanks behind it.
std::string_view TakeWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return word;
}

}  // namespace

// "2026-11-24  0:21:56 130 [Note] InnoDB: Transactions deadlock detected"
ErrorLogLine ParseErrorLogLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  ErrorLogLine parsed;
  parsed.text = line;
  std::string_view rest = line;
  const std::string date = DateOf(TakeWord(rest));
  const std::string_view time = TakeWord(rest);
  if (date.empty() || !IsTime(time)) return parsed;
  if (!rest.starts_with('[')) {
    parsed.thread = TakeWord(rest);
    if (!ParseNumber<std::uint64_t>(parsed.thread)) return {"", "", "", line};
  }
  parsed.at = date + (time.size() == 7 ? " 0" : " ") + std::string(time);
  if (rest.starts_with('[') && rest.find(']') != std::string_view::npos) {
    parsed.level = rest.substr(1, rest.find(']') - 1);
    rest.remove_prefix(parsed.level.size() + 2);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  }
  parsed.text = rest;
  return parsed;
}

std::optional<Deadlock> DeadlockFinder::Take(const ErrorLogLine& line) {
  if (line.text.find("Transactions deadlock detected, dumping") != std::string_view::npos) {
    reader_.emplace(line.at);
    thread_ = line.thread;
    foreign_ = false;
    lines_ = 0;
    return std::nullopt;
  }
  if (!reader_) return std::nullopt;
  if (!line.at.empty()) foreign_ = line.thread != thread_;
  if (++lines_ > kMaxLines) reader_.reset();
  if (!reader_ || foreign_) return std::nullopt;
  std::string_view text = line.text;
  if (!line.at.empty() && text.starts_with(kInnodb)) text.remove_prefix(kInnodb.size());
  reader_->Take(text);
  if (!reader_->complete()) return std::nullopt;
  auto deadlock = std::move(*reader_).Done();
  reader_.reset();
  return deadlock;
}

Result<std::vector<Deadlock>> DeadlocksInLog(const std::string& path) {
  constexpr std::size_t kMostBytes = 32U << 20;
  DeadlockFinder finder;
  std::vector<Deadlock> found;
  const auto take = [&](const std::string& text) {
    for (const std::string_view line : Split(text, '\n')) {
      if (auto deadlock = finder.Take(ParseErrorLogLine(line))) {
        found.push_back(std::move(*deadlock));
      }
    }
  };
  if (const auto rotated = ReadTail(path + ".1", kMostBytes)) take(*rotated);
  const auto log = ReadTail(path, kMostBytes);
  if (!log) return Fail(log.error());
  take(*log);
  return found;
}

Result<std::optional<std::string>> ErrorLogPath(MariadbServer& server, const Address& address,
                                                Deadline deadline) {
  if (!IsOnThisHost(address)) return std::nullopt;
  const auto rows =
      server.Query("/* error_log */ SELECT @@GLOBAL.log_error, @@GLOBAL.datadir LIMIT 1", deadline);
  if (!rows) return Fail(rows.error());
  if (rows->rows.size() != 1 || rows->rows[0].size() != 2) return std::nullopt;
  const std::string file = rows->rows[0][0].value_or("");
  if (file == "stderr") return std::nullopt;  // MySQL 8 says so
  return ServerFilePath(file, rows->rows[0][1].value_or(""));
}

}  // namespace erpnext
