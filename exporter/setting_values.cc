// SPDX-License-Identifier: Apache-2.0
// Strict readers: what is not exactly a value is a mistake.
#include "exporter/setting_values.h"

#include <fmt/ranges.h>

#include <array>
#include <limits>
#include <utility>

#include "core/text.h"
#include "exporter/listen_address.h"

namespace erpnext {
namespace {

template <typename Value>
struct Word {
  std::string_view text;
  Value value;
};

constexpr std::array<Word<LogLevel>, 4> kLogLevels = {{{"debug", LogLevel::kDebug},
                                                       {"info", LogLevel::kInfo},
                                                       {"warn", LogLevel::kWarning},
                                                       {"error", LogLevel::kError}}};
constexpr std::array<Word<LogFormat>, 2> kLogFormats = {
    {{"logfmt", LogFormat::kLogfmt}, {"json", LogFormat::kJson}}};
constexpr std::array<Word<NameTiers>, 3> kTiers = {
    {{"on", NameTiers::kAll}, {"off", NameTiers::kOwn}, {"only", NameTiers::kUpstream}}};
constexpr std::array<Word<bool>, 2> kBooleans = {{{"true", true}, {"false", false}}};

template <typename Value, std::size_t N>
Status ParseWord(const std::string& text, const std::array<Word<Value>, N>& words, Value& out) {
  std::vector<std::string_view> known;
  for (const auto& word : words) {
    if (word.text == text) {
      out = word.value;
      return {};
    }
    known.push_back(word.text);
  }
  return Fail(ErrorKind::kMalformed, "'{}' is none of: {}", text, fmt::join(known, ", "));
}

template <typename Value, std::size_t N>
std::string ShowWord(Value value, const std::array<Word<Value>, N>& words) {
  for (const auto& word : words) {
    if (word.value == value) return std::string(word.text);
  }
  return {};
}

struct Unit {
  std::string_view suffix;
  std::int64_t millis;
};
constexpr std::array<Unit, 4> kUnits = {{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::int64_t kMaxDuration = 24 * 3'600'000LL;

template <typename Number>
Status ParsePositive(const std::string& text, Number& out) {
  const auto number = ParseNumber<Number>(text);
  if (!number || *number < 1) {
    return Fail(ErrorKind::kMalformed, "'{}' is no whole number from 1 to {}", text,
                std::numeric_limits<Number>::max());
  }
  out = *number;
  return {};
}

}  // namespace

Status ParseSetting(const std::string& text, std::string& out) {
  out = text;
  return {};
}

Status ParseSetting(const std::string& text, bool& out) { return ParseWord(text, kBooleans, out); }
Status ParseSetting(const std::string& text, int& out) { return ParsePositive(text, out); }
Status ParseSetting(const std::string& text, std::size_t& out) { return ParsePositive(text, out); }
Status ParseSetting(const std::string& text, LogLevel& out) {
  return ParseWord(text, kLogLevels, out);
}
Status ParseSetting(const std::string& text, LogFormat& out) {
  return ParseWord(text, kLogFormats, out);
}
Status ParseSetting(const std::string& text, NameTiers& out) {
  return ParseWord(text, kTiers, out);
}

Status ParseSetting(const std::string& text, std::chrono::milliseconds& out) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits != std::string::npos) {
    const auto number = ParseNumber<std::int64_t>(std::string_view(text).substr(0, digits));
    for (const Unit& unit : kUnits) {
      if (text.substr(digits) != unit.suffix || !number) continue;
      if (*number < 1 || *number > kMaxDuration / unit.millis) break;
      out = std::chrono::milliseconds(*number * unit.millis);
      return {};
    }
  }
  return Fail(ErrorKind::kMalformed,
              "'{}' is no duration: a whole number and ms, s, m or h, at most 24h", text);
}

// As an address to listen on is written, but of one server: without a host or with port 0 it is
// none.
Status ParseSetting(const std::string& text, Address& out) {
  const auto address = ParseListenAddress(text);
  if (!address || (address->unix_path.empty() && (address->host.empty() || address->port == 0))) {
    return Fail(ErrorKind::kMalformed, "'{}' is no address: HOST:PORT, [IPV6]:PORT or unix:PATH",
                text);
  }
  out = *address;
  return {};
}

Status ParseSetting(const std::string& text, TableSetting& out) {
  auto name = ParseTableSetting(text);
  if (!name) {
    return Fail(ErrorKind::kMalformed,
                "'{}' is no table: DATABASE.TABLE, two names of at most 64 characters without a "
                "dot in them",
                text);
  }
  out = std::move(*name);
  return {};
}

std::string ShowSetting(const std::string& value) { return value; }
std::string ShowSetting(bool value) { return ShowWord(value, kBooleans); }
std::string ShowSetting(int value) { return std::to_string(value); }
std::string ShowSetting(std::size_t value) { return std::to_string(value); }
std::string ShowSetting(LogLevel value) { return ShowWord(value, kLogLevels); }
std::string ShowSetting(LogFormat value) { return ShowWord(value, kLogFormats); }
std::string ShowSetting(NameTiers value) { return ShowWord(value, kTiers); }

std::string ShowSetting(std::chrono::milliseconds value) {
  const Unit* best = &kUnits.front();
  for (const Unit& unit : kUnits) {
    if (value.count() % unit.millis == 0) best = &unit;
  }
  return fmt::format("{}{}", value.count() / best->millis, best->suffix);
}

std::string ShowSetting(const Address& value) {
  const bool unset = value.unix_path.empty() && value.host.empty();
  return unset ? std::string() : value.Text();
}

std::string ShowSetting(const TableSetting& value) { return value.Text(); }

std::string ShowSetting(const std::vector<std::string>& values) {
  return fmt::format("{}", fmt::join(values, ", "));
}

}  // namespace erpnext
