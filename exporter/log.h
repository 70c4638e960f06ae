// SPDX-License-Identifier: Apache-2.0
// The daemon's own log: one line an event on stderr, as logfmt or JSON.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace erpnext {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kLogfmt, kJson };

// Thread-safe: lines are written whole. Values are escaped, so text from outside cannot forge a
// line; none of them may be a secret.
class Log {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // With `for_journal` each line begins with its priority, as sd-daemon(3) describes it.
  Log(LogLevel level, LogFormat format, bool for_journal)
      : level_(level), format_(format), for_journal_(for_journal) {}

  // What a reload may change.
  void Configure(LogLevel level, LogFormat format);

  void Debug(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warning(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kWarning, message, fields);
  }
  void Error(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kError, message, fields);
  }

  // The line without its end; `time` is the point in time as text.
  static std::string Format(LogFormat format, std::string_view time, LogLevel level,
                            std::string_view message, Fields fields);

 private:
  void Write(LogLevel level, std::string_view message, Fields fields);

  std::mutex mutex_;
  LogLevel level_;
  LogFormat format_;
  const bool for_journal_;
};

}  // namespace erpnext
