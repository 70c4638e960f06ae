// SPDX-License-Identifier: Apache-2.0
// Commands that need no daemon.
#include "exporter/commands.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "collectors/access.h"
#include "collectors/all_collectors.h"
#include "core/text.h"
#include "exporter/documentation.h"
#include "exporter/exposition.h"
#include "exporter/service.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kOnceTime{60};
constexpr std::chrono::seconds kCheckTime{8};  // of one bench

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

json CheckJson(const AccessCheck& check) {
  json out = {{"subject", RepairUtf8(check.subject)}, {"ok", check.status.has_value()}};
  if (!check.status) {
    out["kind"] = ErrorKindName(check.status.error().kind);
    out["error"] = RepairUtf8(check.status.error().message);
    out["remedy"] = check.remedy;
  }
  return out;
}

std::string FrappeVersion(const Bench& bench) {
  for (const App& app : bench.apps) {
    if (app.name == "frappe") return app.version;
  }
  return {};
}

std::vector<Error> ProblemsOf(const Bench& bench) {
  std::vector<Error> problems = bench.problems;
  for (const Site& site : bench.sites) {
    if (site.problem) problems.push_back(*site.problem);
  }
  return problems;
}

std::vector<const CollectorEntry*> EnabledCollectors(const Settings& settings) {
  std::vector<const CollectorEntry*> enabled;
  for (const CollectorEntry* entry : AllCollectors()) {
    if (IsEnabled(*entry, settings)) enabled.push_back(entry);
  }
  return enabled;
}

json BenchJson(const Bench& bench, const std::vector<AccessCheck>& checks) {
  json out = {{"name", RepairUtf8(bench.name)},   {"path", RepairUtf8(bench.path)},
              {"bench_id", RepairUtf8(bench.id)}, {"frappe_version", FrappeVersion(bench)},
              {"sites", json::array()},           {"apps", json::array()},
              {"access", json::array()},          {"problems", json::array()}};
  for (const Site& site : bench.sites) out["sites"].push_back(RepairUtf8(site.name));
  for (const App& app : bench.apps) {
    out["apps"].push_back({{"name", RepairUtf8(app.name)}, {"version", app.version}});
  }
  for (const AccessCheck& check : checks) out["access"].push_back(CheckJson(check));
  for (const Error& problem : ProblemsOf(bench)) {
    out["problems"].push_back(RepairUtf8(problem.message));
  }
  return out;
}

std::string BenchText(const Bench& bench, const std::vector<AccessCheck>& checks) {
  const std::string version = FrappeVersion(bench);
  std::string out = fmt::format("bench {} in {}, Frappe {}\n", RepairUtf8(bench.name),
                                RepairUtf8(bench.path), version.empty() ? "unknown" : version);
  for (const Site& site : bench.sites) out += fmt::format("  site {}\n", RepairUtf8(site.name));
  for (const AccessCheck& check : checks) {
    out += fmt::format("  {:7} {}\n", check.status ? "ok" : "MISSING", RepairUtf8(check.subject));
    if (check.status) continue;
    out += fmt::format("          {}: {}\n", ErrorKindName(check.status.error().kind),
                       RepairUtf8(check.status.error().message));
    if (!check.remedy.empty()) out += fmt::format("          {}\n", check.remedy);
  }
  for (const Error& problem : ProblemsOf(bench)) {
    out += fmt::format("  PROBLEM {}\n", RepairUtf8(problem.message));
  }
  return out;
}

std::string NothingFound(const Settings& settings) {
  std::string out = "no bench was found; looked for folders with apps/frappe and sites in:\n";
  for (const std::string& pattern : settings.collect.discovery.search) {
    out += fmt::format("  {}\n", pattern);
  }
  return out + "name one with --bench=FOLDER, or set discovery.search\n";
}

// The text of the collectors that ran, and on stderr the errors of those that failed.
int PrintViews(const std::vector<CollectorView>& views) {
  int code = 0;
  std::string text;
  for (const CollectorView& view : views) {
    if (view.snapshot) text += view.snapshot->Text(ExpositionFormat::kText);
    if (view.success.value_or(false)) continue;
    code = 3;
    fmt::print(stderr, "{}: {}\n", view.name,
               view.error ? RepairUtf8(view.error->message) : "did not run");
  }
  AppendFamilies(SelfMetrics(views, {true, UnixSeconds(SystemClock().Wall())}),
                 ExpositionFormat::kText, text);
  Print(text);
  return code;
}

// Leaves out the collectors that were not asked for: they would ask their servers all the same, and
// nobody see it. All stay when there is no such name.
void KeepNamed(const std::vector<std::string>& names, std::vector<Engine::Part>& parts) {
  const auto named = [&](const Engine::Part& part) {
    return std::find(names.begin(), names.end(), part.options.name) != names.end();
  };
  const auto found = std::count_if(parts.begin(), parts.end(), named);
  if (names.empty() || static_cast<std::size_t>(found) != names.size()) return;
  std::erase_if(parts, [&](const auto& part) { return !part.required && !named(part); });
}

}  // namespace

int RunOnce(const CommandLine& line, const Settings& settings) {
  StatsRegistry stats;
  const CollectorContext context = MakeContext(settings);
  auto parts = MakeParts(settings, context);
  KeepNamed(line.collectors, parts);
  Engine engine(std::move(parts), stats, SystemClock(), nullptr);
  const CollectorFilter filter{line.collectors, {}};
  if (const Status status = engine.Check(filter); !status) {
    fmt::print(stderr, "--collector: {}\n", status.error().message);
    return 2;
  }
  const Deadline deadline = Deadline::After(kOnceTime);
  engine.Start(deadline);
  const int code = PrintViews(engine.RunAll(filter, deadline));
  if (!engine.Stop(Deadline::After(std::chrono::seconds(1)))) std::_Exit(code);
  return code;
}

int RunDiscover(const CommandLine& line, const Settings& settings) {
  const CollectorContext context = MakeContext(settings);
  const Inventory inventory = FindBenches(settings, Deadline::After(kOnceTime));
  const bool as_json = line.format == "json";
  json found = {{"benches", json::array()}, {"problems", json::array()}};
  std::string text = inventory.benches.empty() ? NothingFound(settings) : "";
  for (const Bench& bench : inventory.benches) {
    const auto checks =
        CheckAccess(context, bench, EnabledCollectors(settings), Deadline::After(kCheckTime));
    if (as_json) found["benches"].push_back(BenchJson(bench, checks));
    if (!as_json) text += BenchText(bench, checks);
  }
  for (const Error& problem : inventory.problems) {
    found["problems"].push_back(RepairUtf8(problem.message));
    text += fmt::format("PROBLEM {}\n", RepairUtf8(problem.message));
  }
  Print(as_json ? found.dump(2) + "\n" : text);
  return 0;
}

int RunGrants(const Settings& settings) {
  const Inventory inventory = FindBenches(settings, Deadline::After(kOnceTime));
  Print(GrantLines(MakeContext(settings), inventory, EnabledCollectors(settings)));
  return 0;
}

int RunCheckConfig(const CommandLine& line) {
  if (line.reference) {
    Print(ConfigurationReference());
    return 0;
  }
  Settings settings;
  auto mistakes = ApplyConfigFile(line.config_file, settings);
  if (!mistakes) {
    Print(mistakes.error().message + "\n");
    return 1;
  }
  if (mistakes->fatal.empty()) {
    if (const Status status = CheckSettings(settings); !status) {
      mistakes->fatal.push_back(fmt::format("{}: {}", line.config_file, status.error().message));
    }
  }
  for (const auto* list : {&mistakes->fatal, &mistakes->tolerated}) {
    for (const std::string& mistake : *list) Print(mistake + "\n");
  }
  return mistakes->empty() ? 0 : 1;
}

int RunMetrics(const CommandLine& line) {
  Print(line.format == "json" ? MetricsJson() : MetricsMarkdown());
  return 0;
}

}  // namespace erpnext
