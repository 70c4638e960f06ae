// SPDX-License-Identifier: Apache-2.0
// The command `locks`.
#include <fmt/core.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "collectors/lock_tree.h"
#include "core/text.h"
#include "exporter/commands.h"
#include "exporter/service.h"
#include "sources/innodb_locks.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr std::size_t kMost = 200;       // lines
constexpr std::size_t kMostOfTree = 50;  // of one root
constexpr std::size_t kDeepest = 10;     // indents
constexpr std::chrono::seconds kTime{30};
constexpr int kNobodyAnswered = 3;

std::string Name(const TreeSession& each) {
  return each.session.empty() ? "transaction " + each.transaction : "session " + each.session;
}

std::string Doing(const TreeSession& each) {
  if (each.session.empty()) return "prepared by XA, without a session";
  if (each.command == "Sleep") return fmt::format("idle for {:.0f} s", each.seconds);
  if (!each.statement.empty()) return each.statement;
  return each.command.empty() ? "just ended" : ToLower(each.command);
}

std::string WantedText(const SessionWait& wait, const SiteKey& site) {
  const bool of_row = wait.kind == "row";
  if (!wait.wants) return of_row ? "a row" : wait.state.substr(std::string("Waiting for ").size());
  std::string out = fmt::format("{} of {}", of_row ? "a row" : "the definition",
                                DocTypeOf(wait.wants->table.table));
  if (wait.site != site.site) out += fmt::format(" of {}", wait.site);
  if (!wait.wants->index.empty()) out += fmt::format(", index {}", wait.wants->index);
  if (!wait.wants->mode.empty()) out += fmt::format(", {}", wait.wants->mode);
  return out;
}

std::string Text(const TreeSession& each) {
  std::string out =
      fmt::format("{}{}  {} ({})  {}", std::string(2 * std::min(each.depth, kDeepest), ' '),
                  Name(each), each.site.site, each.site.bench, Doing(each));
  if (each.transaction_seconds) {
    out += fmt::format(", transaction open for {:.0f} s", *each.transaction_seconds);
  }
  if (each.wait) {
    out += fmt::format(", waits {:.0f} s for {}", each.wait->seconds,
                       WantedText(*each.wait, each.site));
    if (each.depth == 0) out += "; behind whom is not known";
  }
  for (const std::string& other : each.also) out += fmt::format("; also for session {}", other);
  if (each.depth == 0 && each.holds_up > 0) out += fmt::format("; holds up {}", each.holds_up);
  return Printable(out) + "\n";
}

std::string AllText(const LockTrees& trees) {
  if (!trees.asked) return "no MariaDB of a bench answered: see `erpnext-exporter discover`\n";
  std::string out;
  std::size_t lines = 0, of_tree = 0;
  for (std::size_t i = 0; i < trees.sessions.size(); ++i) {
    const TreeSession& each = trees.sessions[i];
    of_tree = each.depth == 0 ? 1 : of_tree + 1;
    if (of_tree == 1 && lines >= kMost) {
      return out + fmt::format("... and {} more\n", trees.sessions.size() - i);
    }
    if (of_tree <= kMostOfTree) {
      out += Text(each);
      ++lines;
    }
    const bool is_last = i + 1 == trees.sessions.size() || trees.sessions[i + 1].depth == 0;
    if (is_last && of_tree > kMostOfTree) {
      out += fmt::format("  ... and {} more\n", of_tree - kMostOfTree);
    }
  }
  return out.empty() ? "nobody waits for a lock\n" : out;
}

json ToJson(const SessionWait& wait) {
  json out = {{"kind", wait.kind}, {"seconds", wait.seconds}};
  if (!wait.state.empty()) out["state"] = RepairUtf8(wait.state);
  if (!wait.wants) return out;
  out["site"] = RepairUtf8(wait.site);
  out["doctype"] = RepairUtf8(DocTypeOf(wait.wants->table.table));
  if (!wait.wants->index.empty()) out["index"] = RepairUtf8(wait.wants->index);
  if (!wait.wants->mode.empty()) out["mode"] = RepairUtf8(wait.wants->mode);
  return out;
}

json ToJson(const TreeSession& each) {
  json out = {{"server", each.server},
              {"bench", RepairUtf8(each.site.bench)},
              {"site", RepairUtf8(each.site.site)},
              {"command", RepairUtf8(each.command)},
              {"seconds", each.seconds},
              {"holds_up", each.holds_up}};
  if (!each.session.empty()) out["session"] = RepairUtf8(each.session);
  if (!each.transaction.empty()) out["transaction"] = RepairUtf8(each.transaction);
  if (!each.statement.empty()) out["statement"] = each.statement;
  if (each.transaction_seconds) out["transaction_seconds"] = *each.transaction_seconds;
  if (each.wait) out["waits_for"] = ToJson(*each.wait);
  if (!each.also.empty()) out["also_waits_for_sessions"] = each.also;
  return out;
}

// A list of roots, each with those that wait for it in a list of its own, and so on. One that is
// deeper than `kDeepest` hangs from there: a reader of JSON has a limit.
json AllJson(const LockTrees& trees) {
  json roots = json::array();
  std::vector<json*> above;
  for (const TreeSession& each : trees.sessions) {
    const std::size_t depth = std::min(each.depth, kDeepest);
    above.resize(depth);
    json& list = depth == 0 ? roots : (*above.back())["waiters"];
    list.push_back(ToJson(each));
    above.push_back(&list.back());
  }
  return {{"locks", std::move(roots)}};
}

}  // namespace

int RunLocks(const CommandLine& line, const Settings& settings) {
  const CollectorContext context = MakeContext(settings);
  const Deadline deadline = Deadline::After(kTime);
  context.inventory->Publish(FindBenches(settings, deadline));
  const LockTrees trees = ReadLockTrees(context, line.site, deadline);
  fmt::print("{}", line.format == "json" ? AllJson(trees).dump(2) + "\n" : AllText(trees));
  for (const std::string& gap : trees.gaps) fmt::print(stderr, "{}\n", Printable(gap));
  std::fflush(stdout);
  return trees.asked ? 0 : kNobodyAnswered;
}

}  // namespace erpnext
