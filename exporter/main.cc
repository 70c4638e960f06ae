// SPDX-License-Identifier: Apache-2.0
// Starts the command that the command line names.
#include <fmt/core.h>
#include <mysql.h>

#include <cstdlib>
#include <exception>

#include "exporter/command_line.h"
#include "exporter/commands.h"
#include "exporter/self_metrics.h"
#include "exporter/serve.h"

namespace erpnext {
namespace {

constexpr int kStartFailed = 1;
constexpr int kUsage = 2;

int RunWithSettings(const CommandLine& line, const Settings& settings, Log& log) {
  switch (line.command) {
    case Command::kOnce: return RunOnce(line, settings);
    case Command::kDoctor: return RunDoctor(line, settings);
    case Command::kDeadlocks: return RunDeadlocks(line, settings);
    case Command::kLocks: return RunLocks(line, settings);
    case Command::kIndexes: return RunIndexes(line, settings);
    case Command::kDiscover: return RunDiscover(line, settings);
    case Command::kGrants: return RunGrants(settings);
    default: return Serve(line, settings, log);
  }
}

int Run(int argc, const char* const* argv) {
  const ParsedCommandLine parsed = ParseCommandLine(argc, argv, VersionText());
  if (parsed.exits) {
    fmt::print(parsed.exit.is_error ? stderr : stdout, "{}", parsed.exit.text);
    return parsed.exit.is_error ? kUsage : EXIT_SUCCESS;
  }
  const CommandLine& line = parsed.command_line;
  if (line.command == Command::kCheckConfig) return RunCheckConfig(line);
  if (line.command == Command::kMetrics) return RunMetrics(line);

  PrepareProcess();
  std::vector<std::string> tolerated;
  Result<Settings> settings = LoadSettings(line, tolerated);
  if (!settings) {
    fmt::print(stderr, "{}\n", settings.error().message);
    return line.config_file.empty() ? kUsage : kStartFailed;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet
  const bool for_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  Log log(settings->log_level, settings->log_format, for_journal);
  for (const std::string& mistake : tolerated) log.Error("left out", {{"mistake", mistake}});
  mysql_library_init(0, nullptr, nullptr);  // must come before threads
  return RunWithSettings(line, *settings, log);
}

}  // namespace
}  // namespace erpnext

int main(int argc, char** argv) {
  try {
    return erpnext::Run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "erpnext-exporter: {}\n", error.what());
    return erpnext::kStartFailed;
  }
}
