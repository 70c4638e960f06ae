// SPDX-License-Identifier: Apache-2.0
// The command `indexes`.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "collectors/index_reports.h"
#include "core/text.h"
#include "exporter/commands.h"
#include "exporter/service.h"
#include "sources/innodb_locks.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

using nlohmann::json;

constexpr std::size_t kMost = 50;
constexpr std::chrono::seconds kTime{60};
constexpr int kNobodyAnswered = 3;
constexpr double kDay = 86400;

// For a shell.
std::string Quoted(std::string_view word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string Identifier(std::string_view name) { return QuoteIdentifier(name).value_or("?"); }

std::string Columns(const IndexAdvice& advice) {
  return fmt::format("{}", fmt::join(advice.columns, ", "));
}

// What to do about it. Frappe's command remembers the index, so that a migration keeps it.
std::string Remedy(const SiteAdvice& each) {
  const IndexAdvice& advice = each.advice;
  const std::string table = Identifier(each.where.schema) + "." + Identifier(advice.table);
  if (advice.kind != AdviceKind::kMissing && advice.kind != AdviceKind::kKnown) {
    return fmt::format("ALTER TABLE {} DROP INDEX {}", table, Identifier(advice.index));
  }
  const std::string_view doctype = DocTypeOf(advice.table);
  if (doctype == advice.table) {
    std::vector<std::string> columns;
    columns.reserve(advice.columns.size());
    for (const std::string& column : advice.columns) columns.push_back(Identifier(column));
    return fmt::format("ALTER TABLE {} ADD INDEX ({})", table, fmt::join(columns, ", "));
  }
  std::string out = fmt::format("bench --site {} add-database-index --doctype {}",
                                Quoted(each.where.site), Quoted(doctype));
  for (const std::string& column : advice.columns) out += " --column " + Quoted(column);
  return out;
}

std::string Reason(const IndexAdvice& advice) {
  const StatementEvidence& evidence = advice.evidence;
  switch (advice.kind) {
    case AdviceKind::kMissing:
      return fmt::format(
          "{} kind(s) of statements, {:.0f} executions, {:.1f} s: {:.0f} rows examined for {:.0f} "
          "found",
          evidence.kinds, evidence.executions, evidence.seconds, evidence.rows_examined,
          evidence.rows_found);
    case AdviceKind::kKnown:
      return fmt::format("ERPNext {} has it, earlier ones maybe by a backport: {}", advice.version,
                         advice.source);
    case AdviceKind::kDuplicate:
      return fmt::format("{} has the same columns as {}", advice.other, advice.index);
    case AdviceKind::kRedundant: return fmt::format("{} does its work too", advice.other);
    case AdviceKind::kUnused:
      return fmt::format("no row was read through {}; searches that find nothing are not counted",
                         advice.index);
  }
  return {};
}

// What an index costs or would cost.
std::string Cost(const IndexAdvice& advice, double uptime) {
  std::string out = advice.writes && uptime > 0
                        ? fmt::format("{:.0f} rows written a day", *advice.writes / uptime * kDay)
                        : "how much is written is not known";
  if (advice.rows) out += fmt::format("; about {:.0f} rows", *advice.rows);
  if (advice.bytes) out += fmt::format("; the index takes {:.1f} MiB", *advice.bytes / (1 << 20));
  return out;
}

std::string Saved(const IndexAdvice& advice, double evidence_seconds) {
  const double saved = advice.evidence.saved_seconds;
  return evidence_seconds > 0
             ? fmt::format("would save about {:.1f} s a day", saved / evidence_seconds * kDay)
             : fmt::format("would have saved about {:.1f} s of those in the slow query log", saved);
}

std::string Text(const SiteAdvice& each, const AdviceReport& report) {
  const IndexAdvice& advice = each.advice;
  std::string out = Printable(fmt::format("{:9}  {} ({})  {} ({})", AdviceKindName(advice.kind),
                                          DocTypeOf(advice.table), Columns(advice), each.where.site,
                                          each.where.bench));
  const auto add = [&](const std::string& line) { out += "\n           " + Printable(line); };
  add(Reason(advice));
  if (advice.kind == AdviceKind::kMissing) add(Saved(advice, report.evidence_seconds));
  add(Cost(advice, report.uptime_seconds));
  add(Remedy(each));
  return out + "\n";
}

std::string Closing(const std::vector<AdviceReport>& servers) {
  std::string out;
  double shortest = -1;
  for (const AdviceReport& report : servers) {
    if (shortest < 0 || report.uptime_seconds < shortest) shortest = report.uptime_seconds;
  }
  out += fmt::format(
      "\nEvidence reaches back to the start of the server, {:.1f} days; of userstat no further "
      "than the exporter has seen it\ncount. Before an index is dropped: look at SHOW INDEX FROM "
      "the table whether the other one holds whole columns, and\nwhether the field has Index set "
      "in its DocType, as a migration would create it again. "
      "add-database-index is in Frappe 15 since 2024 and in 16; elsewhere call\n"
      "frappe.db.add_index(doctype, columns) in a patch.\n",
      std::max(shortest, 0.0) / kDay);
  return out;
}

json ToJson(const SiteAdvice& each, const AdviceReport& report) {
  const IndexAdvice& advice = each.advice;
  json columns = json::array();
  for (const std::string& column : advice.columns) columns.push_back(RepairUtf8(column));
  json out = {
      {"kind", AdviceKindName(advice.kind)},    {"bench", RepairUtf8(each.where.bench)},
      {"site", RepairUtf8(each.where.site)},    {"doctype", RepairUtf8(DocTypeOf(advice.table))},
      {"columns", std::move(columns)},          {"remedy", RepairUtf8(Remedy(each))},
      {"uptime_seconds", report.uptime_seconds}};
  if (!advice.index.empty()) out["index"] = RepairUtf8(advice.index);
  if (!advice.source.empty()) out["source"] = advice.source;
  if (!advice.other.empty()) out["other"] = RepairUtf8(advice.other);
  if (advice.rows) out["rows"] = *advice.rows;
  if (advice.bytes) out["bytes"] = *advice.bytes;
  if (advice.writes) out["rows_written"] = *advice.writes;
  if (advice.kind != AdviceKind::kMissing) return out;
  const StatementEvidence& evidence = advice.evidence;
  out["evidence"] = {{"kinds_of_statements", evidence.kinds},
                     {"executions", evidence.executions},
                     {"seconds", evidence.seconds},
                     {"rows_examined", evidence.rows_examined},
                     {"rows_found", evidence.rows_found}};
  out["saved_seconds"] = evidence.saved_seconds;
  if (report.evidence_seconds > 0) {
    out["saved_seconds_a_day"] = evidence.saved_seconds / report.evidence_seconds * kDay;
  }
  return out;
}

std::string AllText(const IndexReports& reports) {
  std::string out;
  for (const AdviceReport& report : reports.servers) {
    const std::size_t shown = std::min(report.advice.size(), kMost);
    for (std::size_t i = 0; i < shown; ++i) out += Text(report.advice[i], report);
    if (shown < report.advice.size()) {
      out += fmt::format("... and {} more\n", report.advice.size() - shown);
    }
  }
  if (reports.servers.empty()) {
    return "the indexes of no site could be read: see `erpnext-exporter discover`\n";
  }
  return out.empty() ? "no advice\n" : out + Closing(reports.servers);
}

std::string AllJson(const IndexReports& reports) {
  json all = json::array();
  for (const AdviceReport& report : reports.servers) {
    for (const SiteAdvice& each : report.advice) all.push_back(ToJson(each, report));
  }
  return json{{"advice", std::move(all)}}.dump(2) + "\n";
}

}  // namespace

int RunIndexes(const CommandLine& line, const Settings& settings) {
  const CollectorContext context = MakeContext(settings);
  const Deadline deadline = Deadline::After(kTime);
  context.inventory->Publish(FindBenches(settings, deadline));
  const IndexReports reports = ReadIndexReports(context, line.site, deadline);
  fmt::print("{}", line.format == "json" ? AllJson(reports) : AllText(reports));
  for (const std::string& gap : reports.gaps) fmt::print(stderr, "{}\n", Printable(gap));
  std::fflush(stdout);
  return reports.servers.empty() ? kNobodyAnswered : 0;
}

}  // namespace erpnext
