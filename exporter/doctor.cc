// SPDX-License-Identifier: Apache-2.0
// The command `doctor`: one screen for whoever was woken up.
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "collectors/diagnosis.h"
#include "core/text.h"
#include "exporter/commands.h"
#include "exporter/service.h"

namespace erpnext {
namespace {

constexpr std::chrono::seconds kTime{60};
constexpr int kBetweenLooksMs = 5'500;  // a job begins in less
constexpr std::size_t kMostFindings = 25;
constexpr std::size_t kMostQueues = 30;
constexpr int kNothingJudged = 3;

// Logs are left out: what is new in them is not known to somebody who looks once.
bool IsAsked(const RunnerOptions& options) {
  return !options.name.starts_with("log_") && !options.name.ends_with("_log");
}

struct Style {
  bool colours = false;

  std::string Word(Severity severity) const {
    constexpr const char* kWords[] = {"OK", "WARNING", "CRITICAL"};
    constexpr const char* kCodes[] = {"32", "33", "1;31"};
    const auto at = static_cast<std::size_t>(severity);
    const std::string word = fmt::format("{:8}", kWords[at]);
    return colours ? fmt::format("\033[{}m{}\033[0m", kCodes[at], word) : word;
  }
};

std::string TableText(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  const std::size_t shown = std::min(rows.size(), kMostQueues + 1);
  for (std::size_t row = 0; row < shown; ++row) {
    std::string line;
    for (std::size_t i = 0; i < rows[row].size(); ++i) {
      line += fmt::format("{:<{}}  ", Printable(rows[row][i]), widths[i]);
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  if (shown < rows.size()) out += fmt::format("... and {} queues more\n", rows.size() - shown);
  return out;
}

// What could not be read is not well: it is not known.
void AddFailures(const std::vector<CollectorView>& views, std::vector<Finding>& findings) {
  for (const CollectorView& view : views) {
    if (view.success.value_or(false)) continue;
    findings.push_back({Severity::kWarning, "",
                        fmt::format("{} is not known: {}", view.name,
                                    view.error ? view.error->message : "did not run in time")});
  }
}

std::string FindingsText(const std::vector<Finding>& findings, const Style& style) {
  std::string out;
  if (findings.empty()) out = style.Word(Severity::kOk) + "  nothing is wrong\n";
  const std::size_t shown = std::min(findings.size(), kMostFindings);
  for (std::size_t i = 0; i < shown; ++i) {
    out += fmt::format("{}  {}\n", style.Word(findings[i].severity), Printable(findings[i].text));
  }
  if (shown < findings.size()) out += fmt::format("... and {} more\n", findings.size() - shown);
  return out;
}

bool HasSite(const Inventory& inventory, const std::string& name) {
  return std::any_of(inventory.benches.begin(), inventory.benches.end(), [&](const Bench& bench) {
    return std::any_of(bench.sites.begin(), bench.sites.end(),
                       [&](const Site& site) { return site.name == name; });
  });
}

int Judge(const CommandLine& line, const Inventory& inventory,
          const std::vector<CollectorView>& views) {
  if (inventory.benches.empty()) {
    fmt::print("UNKNOWN   no bench was found: see `erpnext-exporter discover`\n");
    return kNothingJudged;
  }
  if (!line.site.empty() && !HasSite(inventory, line.site)) {
    fmt::print("UNKNOWN   there is no site {}\n", Printable(line.site));
    return kNothingJudged;
  }
  std::vector<prometheus::MetricFamily> families;
  for (const CollectorView& view : views) {
    if (!view.snapshot) continue;
    const auto& found = view.snapshot->families();
    families.insert(families.end(), found.begin(), found.end());
  }
  Diagnosis diagnosis = Diagnose(families);
  AddFailures(views, diagnosis.findings);
  std::erase_if(diagnosis.findings, [&](const Finding& finding) {
    return !line.site.empty() && !finding.site.empty() && finding.site != line.site;
  });
  const Style style{isatty(STDOUT_FILENO) == 1};
  fmt::print("{}", FindingsText(diagnosis.findings, style));
  if (!diagnosis.queues.empty()) fmt::print("\n{}", TableText(diagnosis.queues));
  Severity worst = Severity::kOk;
  for (const Finding& finding : diagnosis.findings) worst = std::max(worst, finding.severity);
  return static_cast<int>(worst);
}

bool JobsRun(const std::vector<CollectorView>& views) {
  for (const CollectorView& view : views) {
    if (!view.snapshot) continue;
    for (const auto& family : view.snapshot->families()) {
      if (family.name != "erpnext_queue_jobs") continue;
      for (const auto& metric : family.metric) {
        const bool runs = std::any_of(metric.label.begin(), metric.label.end(), [](const auto& l) {
          return l.name == "state" && (l.value == "started" || l.value == "intermediate");
        });
        if (runs && metric.gauge.value > 0) return true;
      }
    }
  }
  return false;
}

// That nobody runs a job, or starts it, shows only where two looks see the same.
void LookAgain(Engine& engine, Deadline deadline, std::vector<CollectorView>& views) {
  if (!JobsRun(views)) return;
  poll(nullptr, 0, kBetweenLooksMs);
  for (const CollectorView& again : engine.RunAll({.collect = {"workers"}}, deadline)) {
    for (CollectorView& view : views) {
      if (view.name == again.name) view = again;
    }
  }
}

}  // namespace

int RunDoctor(const CommandLine& line, const Settings& settings) {
  StatsRegistry stats;
  const CollectorContext context = MakeContext(settings);
  auto parts = MakeParts(settings, context);
  std::erase_if(parts, [](const Engine::Part& part) { return !IsAsked(part.options); });
  Engine engine(std::move(parts), stats, SystemClock(), nullptr);
  const Deadline deadline = Deadline::After(kTime);
  engine.Start(deadline);
  auto views = engine.RunAll({}, deadline);
  LookAgain(engine, deadline, views);
  const int code = Judge(line, *context.inventory->Current(), views);
  std::fflush(stdout);
  if (!engine.Stop(Deadline::After(std::chrono::seconds(1)))) std::_Exit(code);
  return code;
}

}  // namespace erpnext
