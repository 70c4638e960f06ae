// SPDX-License-Identifier: Apache-2.0
// The only file that includes CLI11, which takes seconds to compile.
#include "exporter/command_line.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "exporter/options.h"

namespace erpnext {
namespace {

// Where parsed values wait; std::map keeps their addresses.
struct Given {
  std::map<std::string, std::vector<std::string>> texts;
  std::map<std::string, bool> flags;
};

std::string DefaultText(const Option& option) {
  static const Settings defaults;
  const std::string text = option.show ? option.show(defaults) : std::string();
  return text.empty() ? "" : fmt::format(" [default: {}]", text);
}

void AddOptions(CLI::App& app, Given& given) {
  for (const Option& option : AllOptions()) {
    if (option.file_only()) continue;
    const std::string flag = "--" + option.name;
    const std::string help = option.help + DefaultText(option);
    if (option.is_flag()) {
      app.add_flag(flag + ",!--no-" + option.name, given.flags[option.name], help);
    } else {
      // Without the limit the option would swallow the words that follow it.
      auto* added = app.add_option(flag, given.texts[option.name], help);
      added->type_name(option.value_name)->expected(1)->allow_extra_args(false);
      added->multi_option_policy(option.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                   : CLI::MultiOptionPolicy::Throw);
    }
  }
}

void Collect(const CLI::App& app, const Given& given, CommandLine& line) {
  for (const auto& [name, values] : given.texts) {
    if (app.count("--" + name) != 0) line.options[name] = values;
  }
  for (const auto& [name, value] : given.flags) {
    if (app.count("--" + name) != 0) line.options[name] = {value ? "true" : "false"};
  }
}

struct Subcommands {
  std::map<Command, CLI::App*> apps;

  void Add(CLI::App& app, Command command, const char* name, const char* help) {
    apps[command] = app.add_subcommand(name, help)->fallthrough();
  }
};

Subcommands AddCommands(CLI::App& app) {
  Subcommands commands;
  commands.Add(app, Command::kServe, "serve", "Serve metrics until stopped (the default)");
  commands.Add(app, Command::kOnce, "once", "Collect everything once and print it");
  commands.Add(app, Command::kDoctor, "doctor",
               "Print what is wrong now, the worst first; exits as a Nagios plugin does");
  commands.Add(app, Command::kDeadlocks, "deadlocks",
               "Print the last twenty deadlocks: DocType, index, mode and kind of statement");
  commands.Add(app, Command::kLocks, "locks",
               "Print who waits for whom in the databases now, by site, DocType and statement");
  commands.Add(app, Command::kIndexes, "indexes",
               "Print which indexes tables lack and which could go, with evidence and what to do");
  commands.Add(app, Command::kDiscover, "discover",
               "Print what was found, what is missing, and what would open it");
  commands.Add(app, Command::kGrants, "grants",
               "Print the SQL, Redis and group lines that open what is enabled");
  commands.Add(app, Command::kCheckConfig, "check-config", "Print all mistakes of a file");
  commands.Add(app, Command::kMetrics, "metrics", "Print all metrics that can be published");
  return commands;
}

void AddOptionsOfCommands(Subcommands& commands, CommandLine& line) {
  commands.apps[Command::kOnce]
      ->add_option("--collector", line.collectors, "Only this one; may be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME");
  for (const Command command :
       {Command::kDoctor, Command::kDeadlocks, Command::kLocks, Command::kIndexes}) {
    commands.apps[command]
        ->add_option("--site", line.site, "Leave out what is about another site alone")
        ->allow_extra_args(false)
        ->type_name("NAME");
  }
  for (const Command command :
       {Command::kDeadlocks, Command::kLocks, Command::kIndexes, Command::kDiscover}) {
    commands.apps[command]
        ->add_option("--format", line.format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("FORMAT");
  }
  commands.apps[Command::kMetrics]
      ->add_option("--format", line.format, "markdown or json")
      ->check(CLI::IsMember({"markdown", "json"}))
      ->type_name("FORMAT");
  CLI::App* check = commands.apps[Command::kCheckConfig];
  auto* file = check->add_option("FILE", line.config_file, "The file to check");
  auto* reference = check->add_flag("--reference", line.reference, "Describe all keys instead");
  file->excludes(reference);
}

}  // namespace

ParsedCommandLine ParseCommandLine(int argc, const char* const* argv, const std::string& version) {
  ParsedCommandLine parsed;
  CommandLine& line = parsed.command_line;
  Given given;
  CLI::App app("Prometheus exporter for self-hosted ERPNext servers", "erpnext-exporter");
  app.set_version_flag("--version", version);
  app.require_subcommand(0, 1);
  app.add_option("--config.file", line.config_file, "Configuration file, in YAML")
      ->type_name("FILE");
  AddOptions(app, given);
  Subcommands commands = AddCommands(app);
  AddOptionsOfCommands(commands, line);
  try {
    app.parse(argc, argv);
    for (const auto& [command, subcommand] : commands.apps) {
      if (subcommand->parsed()) line.command = command;
    }
    if (line.command == Command::kCheckConfig && line.config_file.empty() && !line.reference) {
      throw CLI::RequiredError("FILE");
    }
    Collect(app, given, line);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const int code = app.exit(error, out, err);
    parsed.exits = true;
    parsed.exit = {code == 0 ? out.str() : err.str(), code != 0};
  }
  return parsed;
}

Result<Settings> LoadSettings(const CommandLine& line, std::vector<std::string>& tolerated) {
  Settings settings;
  std::vector<std::string> mistakes;
  // systemd makes the folder that StateDirectory= names.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
  if (const char* folder = std::getenv("STATE_DIRECTORY")) settings.state_folder = folder;
  if (!line.config_file.empty()) {
    auto found = ApplyConfigFile(line.config_file, settings);
    if (!found) return Fail(found.error());
    mistakes = std::move(found->fatal);
    tolerated.insert(tolerated.end(), found->tolerated.begin(), found->tolerated.end());
  }
  for (const auto& [name, values] : line.options) {
    if (const Status status = FindOption(name)->apply(settings, values); !status) {
      mistakes.push_back(fmt::format("--{}: {}", name, status.error().message));
    }
  }
  if (const Status status = CheckSettings(settings); !status) {
    mistakes.push_back(status.error().message);
  }
  if (!mistakes.empty()) return Fail(ErrorKind::kMalformed, "{}", fmt::join(mistakes, "\n"));
  if (const Status status = ReadSecrets(settings); !status) return Fail(status.error());
  return settings;
}

}  // namespace erpnext
