// SPDX-License-Identifier: Apache-2.0
// The dictionary is read once for all sites of a server, figures of tables only where there is
// something to say.
#include "collectors/index_adviser.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "collectors/known_indexes.h"
#include "sources/mariadb_error.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr std::string_view kSubject = "mariadb_indexes";

std::vector<std::string_view> SchemasOf(const std::vector<SiteSchema>& sites) {
  std::vector<std::string_view> schemas;
  schemas.reserve(sites.size());
  for (const SiteSchema& site : sites) schemas.push_back(site.schema);
  return schemas;
}

// Whether unused indexes are judged at all.
bool TellsUnused(const IndexUsage& usage, const AdviceLimits& limits) {
  return (usage.performance_schema && usage.uptime_seconds >= limits.unused_seconds) ||
         (usage.userstat && usage.userstat_seconds >= limits.unused_seconds);
}

// Advice without two on one index: what another does is a better reason than what nobody uses.
std::vector<IndexAdvice> AdviceOn(const IndexedTable& table, std::string_view schema,
                                  const IndexUsage& usage, const AdviceLimits& limits) {
  std::vector<IndexAdvice> advice = NeedlessIndexes(table);
  for (IndexAdvice& known : KnownMissing(table)) advice.push_back(std::move(known));
  for (IndexAdvice& unused : UnusedIndexes(table, schema, usage, limits)) {
    const bool told = std::any_of(advice.begin(), advice.end(), [&](const IndexAdvice& each) {
      return each.index == unused.index;
    });
    if (!told) advice.push_back(std::move(unused));
  }
  return advice;
}

std::optional<double> WritesOf(const IndexUsage& usage, std::string_view schema,
                               std::string_view table) {
  for (const auto* source : {&usage.performance_schema, &usage.userstat}) {
    if (!*source) continue;
    const auto tables = (*source)->find(schema);
    if (tables == (*source)->end()) continue;
    const auto found = tables->second.find(table);
    if (found != tables->second.end() && found->second.writes) return found->second.writes;
  }
  return std::nullopt;
}

void AddStatistics(const StatisticsOfTables& statistics, IndexAdvice& advice) {
  const auto table = statistics.find(advice.table);
  if (table == statistics.end()) return;
  advice.rows = table->second.rows;
  const auto index = table->second.indexes.find(advice.index);
  if (index != table->second.indexes.end()) advice.bytes = index->second.bytes;
}

// Of what is missing, statements of this site say more than the catalogue.
void LeaveOutKnown(std::vector<SiteAdvice>& advice) {
  std::set<std::tuple<std::string, std::string, std::string>> missing;
  for (const auto& [where, each] : advice) {
    if (each.kind == AdviceKind::kMissing) {
      missing.emplace(where.schema, each.table, each.columns[0]);
    }
  }
  std::erase_if(advice, [&](const SiteAdvice& each) {
    return each.advice.kind == AdviceKind::kKnown &&
           missing.contains({each.where.schema, each.advice.table, each.advice.columns[0]});
  });
}

// Time comes before space, and what is larger before what is smaller or not known.
void Rank(std::vector<SiteAdvice>& advice) {
  const auto key = [](const SiteAdvice& each) {
    const IndexAdvice& a = each.advice;
    return std::make_tuple(a.kind, -a.evidence.saved_seconds, -a.bytes.value_or(0),
                           std::cref(each.where.bench), std::cref(each.where.site),
                           std::cref(a.table), std::cref(a.index));
  };
  std::sort(advice.begin(), advice.end(),
            [&](const SiteAdvice& a, const SiteAdvice& b) { return key(a) < key(b); });
}

}  // namespace

void IndexAdviser::Find(IndexCatalogue& catalogue, const SiteSchema& site, const IndexUsage& usage,
                        std::vector<Candidate>& candidates) const {
  for (const IndexedTable& table : catalogue.TablesOf(site.schema)) {
    // Partitions are tables of InnoDB; Frappe makes none.
    if (table.name.find("#P#") != std::string_view::npos) continue;
    for (IndexAdvice& advice : AdviceOn(table, site.schema, usage, limits_)) {
      candidates.push_back({&site, table.id, std::move(advice)});
    }
  }
}

// For all at once, as InnoDB walks over all columns. Candidates on keys of which it is not known
// how much of a column they hold are not meant.
Status IndexAdviser::LearnColumns(MariadbServer& server, std::vector<Candidate>& candidates,
                                  const MissingIndexFinder& missing, Deadline deadline) {
  const auto matters = [](const Candidate& each) {
    return each.advice.kind != AdviceKind::kUnused;
  };
  std::vector<std::uint64_t> tables = missing.Tables();
  for (const Candidate& each : candidates) {
    if (matters(each)) tables.push_back(each.table);
  }
  Status status = columns_.Learn(server, kSubject, std::move(tables), deadline);
  std::erase_if(candidates, [&](const Candidate& each) {
    return matters(each) && HasUnknownPrefix(each.advice, columns_.Find(each.table));
  });
  return status;
}

// Adds what is known of the tables and indexes of one site. Marks candidates in small tables by
// taking their site away.
Status IndexAdviser::AddFigures(MariadbServer& server, std::span<Candidate> candidates,
                                const IndexUsage& usage, AdviceReport& report,
                                Deadline deadline) const {
  const SiteSchema& site = *candidates[0].site;
  std::set<std::string_view> names;
  for (const Candidate& each : candidates) names.insert(each.advice.table);
  const std::vector<std::string_view> tables(names.begin(), names.end());
  const auto statistics =
      ReadTableStatistics(server, kSubject, site.schema, tables, limits_.rows, deadline);
  if (!statistics) return Fail(statistics.error());
  if (!*statistics) report.sizes = false;
  for (Candidate& each : candidates) {
    if (*statistics) AddStatistics(**statistics, each.advice);
    each.advice.writes = WritesOf(usage, site.schema, each.advice.table);
    // An index whose work another one does is needless in each table.
    const bool needs_rows =
        each.advice.kind == AdviceKind::kUnused || each.advice.kind == AdviceKind::kKnown;
    if (each.advice.rows.value_or(needs_rows ? 0 : limits_.rows) < limits_.rows) {
      each.site = nullptr;
    }
  }
  return {};
}

Status IndexAdviser::AddAllFigures(MariadbServer& server, std::vector<Candidate>& candidates,
                                   const IndexUsage& usage, AdviceReport& report,
                                   Deadline deadline) const {
  std::size_t sites = report.sites.size();
  for (auto begin = candidates.begin(); begin != candidates.end();) {
    const SiteSchema* site = begin->site;
    const auto end = std::find_if(begin, candidates.end(),
                                  [&](const Candidate& each) { return each.site != site; });
    Status status = AddFigures(server, {begin, end}, usage, report, deadline.Share(sites--));
    if (!status) return status;
    begin = end;
  }
  std::erase_if(candidates, [](const Candidate& each) { return each.site == nullptr; });
  return {};
}

// From performance_schema, which knows each statement, else from the slow query log.
Status IndexAdviser::FindMissing(MariadbServer& server, const MariadbOptions& options,
                                 IndexCatalogue& catalogue, MissingIndexFinder& missing,
                                 AdviceReport& report, Deadline deadline) {
  auto digests = ReadStatementDigests(server, deadline.Share(3));
  if (!digests) return Fail(digests.error());
  if (*digests) {
    report.evidence_seconds = report.uptime_seconds;
  } else {
    digests = slow_log_.Read(server, options, deadline.Share(2));
    if (!digests) return Fail(digests.error());
    if (!*digests) return {};
  }
  return missing.Read(server, kSubject, **digests, report.sites, catalogue, deadline);
}

Result<AdviceReport> IndexAdviser::Advise(MariadbServer& server, const MariadbOptions& options,
                                          const std::vector<SiteSchema>& sites, Deadline deadline) {
  AdviceReport report;
  const auto schemas = SchemasOf(sites);
  auto catalogue = ReadIndexes(server, kSubject, schemas, deadline.Share(4));
  if (!catalogue && IsAbsent(catalogue.error())) return report;
  if (!catalogue) return Fail(catalogue.error());
  auto usage = ReadIndexUsage(server, kSubject, schemas, deadline.Share(3));
  if (!usage) return Fail(usage.error());
  usage->userstat_seconds = counted_use_.Look(*usage, schemas);
  counted_use_.SawIndexes(usage->uptime_seconds, catalogue->NewestIndex());
  usage->newest_index = counted_use_.NewestIndexFor(limits_.unused_seconds);
  // It may be another one, whose numbers of tables are others.
  if (usage->uptime_seconds < uptime_seconds_) columns_ = {};
  uptime_seconds_ = usage->uptime_seconds;
  report.uptime_seconds = usage->uptime_seconds;
  report.unused = TellsUnused(*usage, limits_);
  report.sites = sites;
  std::vector<Candidate> candidates;
  for (const SiteSchema& site : report.sites) Find(*catalogue, site, *usage, candidates);
  Status status = AddAllFigures(server, candidates, *usage, report, deadline.Share(4));
  MissingIndexFinder missing(limits_);
  if (status) status = FindMissing(server, options, *catalogue, missing, report, deadline.Share(3));
  if (status) status = LearnColumns(server, candidates, missing, deadline);
  if (!status) return Fail(status.error());
  report.missing = missing.judges();
  for (Candidate& each : candidates) report.advice.push_back({*each.site, std::move(each.advice)});
  for (SiteAdvice& each : missing.Advise(columns_)) {
    each.advice.writes = WritesOf(*usage, each.where.schema, each.advice.table);
    report.advice.push_back(std::move(each));
  }
  LeaveOutKnown(report.advice);
  Rank(report.advice);
  return report;
}

}  // namespace erpnext
