// SPDX-License-Identifier: Apache-2.0
// Lines on stderr.
#include "exporter/log.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

namespace erpnext {
namespace {

struct LevelText {
  std::string_view name;
  std::string_view priority;  // of syslog(3)
};
constexpr std::array<LevelText, 4> kLevels = {
    {{"debug", "<7>"}, {"info", "<6>"}, {"warn", "<4>"}, {"error", "<3>"}}};

const LevelText& TextOf(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

std::string Now() {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto millis = now.time_since_epoch().count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), millis);
}

// JSON's quoting serves logfmt too: Go's and Grafana's readers take it.
std::string Quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string LogfmtValue(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
  });
  return plain ? std::string(text) : Quoted(text);
}

}  // namespace

void Log::Configure(LogLevel level, LogFormat format) {
  const std::lock_guard lock(mutex_);
  level_ = level;
  format_ = format;
}

std::string Log::Format(LogFormat format, std::string_view time, LogLevel level,
                        std::string_view message, Fields fields) {
  std::string line;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (format == LogFormat::kJson) {
      line += fmt::format("{}{}:{}", line.empty() ? "{" : ",", Quoted(key), Quoted(value));
    } else {
      line += fmt::format("{}{}={}", line.empty() ? "" : " ", key, LogfmtValue(value));
    }
  };
  add("ts", time);
  add("level", TextOf(level).name);
  add("msg", message);
  for (const auto& [key, value] : fields) add(key, value);
  if (format == LogFormat::kJson) line += "}";
  return line;
}

void Log::Write(LogLevel level, std::string_view message, Fields fields) {
  const std::lock_guard lock(mutex_);
  if (level < level_) return;
  std::string line(for_journal_ ? TextOf(level).priority : "");
  line += Format(format_, Now(), level, message, fields) + "\n";
  // Nobody can be told that the log itself cannot be written.
  [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace erpnext
