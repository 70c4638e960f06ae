// SPDX-License-Identifier: Apache-2.0
// How many tables of each site are not as Frappe makes them: create() of
// frappe/database/mariadb/schema.py. information_schema.TABLES would tell it all, and reads the
// definition of each table for it. InnoDB's dictionary knows formats and collations; and what it
// does not know is of another engine, so only the definitions of these few are read.
#include "collectors/mariadb/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "sources/innodb_tables.h"
#include "sources/opened_tables.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kDrift{
    .name = "erpnext_site_tables_drift",
    .labels = {"bench", "site", "property"},
    .help =
        "Tables of the site that are not as Frappe makes them. engine: neither InnoDB nor one of "
        "the three that Frappe keeps in MyISAM (__global_search, Error Log, Data Import Log); "
        "absent unless the login sees all tables of the site. Of the InnoDB tables row_format: not "
        "DYNAMIC; collation: a column of text is neither utf8mb4_unicode_ci nor utf8mb4_bin, which "
        "is that of JSON.",
    .source =
        "information_schema.INNODB_SYS_TABLES and INNODB_SYS_COLUMNS; TABLE_NAME, TABLE_TYPE and "
        "ENGINE of information_schema.TABLES"};
constexpr const Family* kFamilies[] = {&kDrift};

constexpr std::string_view kSubject = "mariadb_drift";

// utf8mb4_bin and utf8mb4_unicode_ci.
constexpr unsigned kCollations[] = {46, 224};

// Frappe makes these so itself: database.py of the same folder, and "engine" of the DocTypes.
constexpr std::string_view kOfOtherEngine[] = {"__global_search", "tabData Import Log",
                                               "tabError Log"};
constexpr std::string_view kOfOtherCollation = "__UserSettings";

using TablesOfSite = InnodbTables::mapped_type;

// Names alone are those of files: nothing is opened for them. Nothing where this login does not see
// all that are there.
Result<std::optional<std::vector<std::string>>> NotOfInnodb(MariadbServer& server,
                                                            const std::string& schema,
                                                            const TablesOfSite& innodb,
                                                            Deadline deadline) {
  const auto rows = server.Query(
      fmt::format("/* {} */ SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                  "{} LIMIT 20000",
                  kSubject, QuoteText(schema)),
      deadline);
  if (!rows) return Fail(rows.error());
  std::vector<std::string> others;
  std::size_t seen = 0;
  for (const auto& row : rows->rows) {
    if (row.empty() || !row[0]) continue;
    if (innodb.contains(*row[0])) {
      ++seen;
    } else if (std::find(std::begin(kOfOtherEngine), std::end(kOfOtherEngine), *row[0]) ==
               std::end(kOfOtherEngine)) {
      others.push_back(*row[0]);
    }
  }
  if (seen < innodb.size()) return std::nullopt;
  return others;
}

// Nothing where it is not known of all: that of a table which somebody has locked is NULL.
Result<std::optional<double>> CountOtherEngines(MariadbServer& server, const std::string& schema,
                                                const TablesOfSite& innodb, Deadline deadline) {
  const auto names = NotOfInnodb(server, schema, innodb, deadline.Share(2));
  if (!names) return Fail(names.error());
  if (!*names) return std::nullopt;
  const OpenedTables found =
      OpenTables(server, kSubject, "TABLE_TYPE, ENGINE", {{schema, **names}}, deadline);
  if (!found.status) return Fail(found.status.error());
  if (found.table.rows.size() < (*names)->size()) return std::nullopt;
  const MariadbColumns columns(found.table);
  double count = 0;
  for (const auto& row : found.table.rows) {
    const auto type = columns.Text(row, "table_type"), engine = columns.Text(row, "engine");
    if (!type) return std::nullopt;
    // Since Frappe 14 names of some documents are numbers, each from a sequence of its own.
    if (*type == "VIEW" || *type == "SEQUENCE") continue;
    if (!engine) return std::nullopt;
    if (*engine != "InnoDB") ++count;
  }
  return count;
}

class MariadbDriftCollector final : public Collector {
 public:
  explicit MariadbDriftCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto servers = SiteServersOf(*inventory, context_.settings.mariadb);
    return AskEach(servers, deadline, [&](const BenchServer& server, Deadline share) {
      return CollectServer(server, share, sink);
    });
  }

 private:
  Status CollectServer(const BenchServer& target, Deadline deadline, SampleSink& sink) const {
    const auto sites = SiteSchemasOf(target, context_.settings.mariadb);
    std::set<std::string, std::less<>> schemas;
    for (const SiteSchema& site : sites) schemas.insert(site.schema);
    const auto server = context_.mariadb_server(target.options);
    const auto tables =
        ReadInnodbTables(*server, kSubject, schemas, kCollations, deadline.Share(2));
    if (!tables) return Fail(tables.error());
    Status status;
    std::size_t left = sites.size();
    for (const SiteSchema& site : sites) {
      const Deadline share = deadline.Share(left--);
      if (!*tables || !(*tables)->contains(site.schema)) continue;
      const TablesOfSite& innodb = (*tables)->at(site.schema);
      AddFormats(site, innodb, sink);
      const auto engines = CountOtherEngines(*server, site.schema, innodb, share);
      if (!engines && status) status = Fail(engines.error());
      if (engines && *engines) {
        sink.Add(kDrift, {site.bench, site.site, "engine"}, **engines);
      }
    }
    return status;
  }

  static void AddFormats(const SiteSchema& site, const TablesOfSite& innodb, SampleSink& sink) {
    double formats = 0, collations = 0;
    for (const auto& [name, table] : innodb) {
      if (!table.dynamic) ++formats;
      if (table.other_collation && name != kOfOtherCollation) ++collations;
    }
    sink.Add(kDrift, {site.bench, site.site, "row_format"}, formats);
    sink.Add(kDrift, {site.bench, site.site, "collation"}, collations);
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbDriftCollector{
    .name = "mariadb_drift",
    .summary = "tables of each site that are not as Frappe makes them",
    .access =
        "MariaDB: PROCESS; without it nothing. For engines any privilege on all tables of a site, "
        "as REFERENCES, which shows that they are there and no row",
    .mariadb_privileges = "PROCESS",
    .interval = std::chrono::minutes(10),
    .timeout = std::chrono::seconds(20),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbDriftCollector>(context);
    }};

}  // namespace erpnext
