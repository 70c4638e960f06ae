// SPDX-License-Identifier: Apache-2.0
// The command `deadlocks`.
#include <fmt/core.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "collectors/deadlock_history.h"
#include "core/text.h"
#include "exporter/commands.h"
#include "exporter/service.h"
#include "sources/innodb_locks.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr std::size_t kMost = 20;
constexpr std::chrono::seconds kTime{30};
constexpr int kNobodyAnswered = 3;

std::string LockText(const DeadlockSide& side) {
  if (!side.wants) return "a lock that is not told";
  const std::string_view doctype = DocTypeOf(side.wants->table.table);
  if (side.wants->index.empty()) return fmt::format("{}, {}", doctype, side.wants->mode);
  return fmt::format("{}, index {}, {}", doctype, side.wants->index, side.wants->mode);
}

std::string Text(const PastDeadlock& past) {
  const Deadlock& deadlock = past.deadlock;
  std::string out =
      Printable(fmt::format("{}  {} ({})", deadlock.at, past.site, past.bench)) + "\n";
  for (std::size_t i = 0; i < deadlock.sides.size(); ++i) {
    const DeadlockSide& side = deadlock.sides[i];
    out += Printable(fmt::format("  {:11}  {:7}  waited for {}",
                                 deadlock.victim == i ? "rolled back" : "", side.statement,
                                 LockText(side))) +
           "\n";
  }
  return out;
}

json ToJson(const PastDeadlock& past) {
  json sides = json::array();
  for (std::size_t i = 0; i < past.deadlock.sides.size(); ++i) {
    const DeadlockSide& side = past.deadlock.sides[i];
    json each = {{"statement", side.statement}, {"rolled_back", past.deadlock.victim == i}};
    if (side.wants) {
      each["doctype"] = RepairUtf8(DocTypeOf(side.wants->table.table));
      each["index"] = RepairUtf8(side.wants->index);
      each["mode"] = RepairUtf8(side.wants->mode);
    }
    sides.push_back(std::move(each));
  }
  return {{"at", RepairUtf8(past.deadlock.at)},
          {"bench", RepairUtf8(past.bench)},
          {"site", RepairUtf8(past.site)},
          {"transactions", std::move(sides)}};
}

}  // namespace

int RunDeadlocks(const CommandLine& line, const Settings& settings) {
  const CollectorContext context = MakeContext(settings);
  const Deadline deadline = Deadline::After(kTime);
  context.inventory->Publish(FindBenches(settings, deadline));
  DeadlockHistory history = ReadDeadlockHistory(context, kMost, deadline);
  if (!line.site.empty()) {
    std::erase_if(history.deadlocks,
                  [&](const PastDeadlock& each) { return each.site != line.site; });
  }
  std::string out;
  if (line.format == "json") {
    json all = json::array();
    for (const PastDeadlock& each : history.deadlocks) all.push_back(ToJson(each));
    out = json{{"deadlocks", std::move(all)}}.dump(2) + "\n";
  } else {
    for (const PastDeadlock& each : history.deadlocks) out += Text(each);
    if (history.asked && history.deadlocks.empty()) out = "no deadlock is told of\n";
    if (!history.asked) out += "no MariaDB of a bench answered: see `erpnext-exporter discover`\n";
  }
  fmt::print("{}", out);
  for (const std::string& gap : history.gaps) fmt::print(stderr, "{}\n", Printable(gap));
  std::fflush(stdout);
  return history.asked ? 0 : kNobodyAnswered;
}

}  // namespace erpnext
