// SPDX-License-Identifier: Apache-2.0
// The command line: one command, and options by the names of AllOptions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "exporter/config_file.h"
#include "exporter/settings.h"

namespace erpnext {

enum class Command : std::uint8_t {
  kServe,
  kOnce,
  kDoctor,
  kDeadlocks,
  kLocks,
  kIndexes,
  kDiscover,
  kGrants,
  kCheckConfig,
  kMetrics
};

struct CommandLine {
  Command command = Command::kServe;
  std::string config_file;                                  // empty: none
  std::map<std::string, std::vector<std::string>> options;  // given ones, by name
  std::vector<std::string> collectors;                      // once: only these
  std::string format;      // deadlocks, locks, indexes, discover, metrics
  std::string site;        // deadlocks, doctor, locks, indexes: only this one
  bool reference = false;  // check-config: describe all keys
};

// What ParseCommandLine has to say when there is nothing to run.
struct CommandLineExit {
  std::string text;
  bool is_error = false;  // text belongs on stderr, the exit code is 2
};

// One of the two.
struct ParsedCommandLine {
  CommandLine command_line;
  bool exits = false;
  CommandLineExit exit;
};
ParsedCommandLine ParseCommandLine(int argc, const char* const* argv, const std::string& version);

// Defaults, then the file, then the options. Malformed with all mistakes, a line each; tolerated
// mistakes are appended to `tolerated`.
Result<Settings> LoadSettings(const CommandLine& command_line, std::vector<std::string>& tolerated);

}  // namespace erpnext
