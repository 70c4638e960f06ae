// SPDX-License-Identifier: Apache-2.0
// Which settings of each bench's database server, and of the sites' databases, differ from what
// Frappe needs. Nothing here opens a table of a site.
#include "collectors/mariadb/config.h"

#include "collectors/context.h"
#include "collectors/mariadb/config_rules.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "core/text.h"
#include "sources/mariadb_error.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kDrift{
    .name = "erpnext_config_drift",
    .labels = {"bench", "setting", "subject", "severity"},
    .help =
        "1 for a setting that differs from what Frappe needs, 0 for one that does not; absent when "
        "not known. The subject is server or a site; docs/mariadb-settings.md says what is wanted "
        "and why.",
    .source =
        "SHOW GLOBAL VARIABLES; information_schema.SCHEMATA, INNODB_SYS_TABLES; "
        "mysql.innodb_table_stats"};
constexpr Family kOnThisHost{
    .name = "erpnext_mariadb_on_this_host",
    .labels = {"bench"},
    .help =
        "1 when the database server of the bench is reached by a socket or the loopback interface, "
        "and so shares the memory of this host; 0 when it is elsewhere.",
    .source = "address in the bench's configuration, or mariadb.address"};
constexpr const Family* kFamilies[] = {&kDrift, &kOnThisHost};

constexpr std::string_view kVariables = "/* mariadb_config */ SHOW GLOBAL VARIABLES";
constexpr std::string_view kDataBytes =
    "/* mariadb_config */ SELECT SUM(clustered_index_size + sum_of_other_index_sizes) * "
    "@@innodb_page_size AS bytes FROM mysql.innodb_table_stats LIMIT 1";
constexpr std::string_view kCollations =
    "/* mariadb_config */ SELECT SCHEMA_NAME AS name, DEFAULT_COLLATION_NAME AS collation FROM "
    "information_schema.SCHEMATA LIMIT 5000";
// What belongs to a full-text index is no table of Frappe's.
constexpr std::string_view kRowFormats =
    "/* mariadb_config */ SELECT SUBSTRING_INDEX(NAME, '/', 1) AS name, "
    "SUM(ROW_FORMAT <> 'Dynamic') AS others FROM information_schema.INNODB_SYS_TABLES WHERE "
    "NAME LIKE '%/%' AND NAME NOT LIKE '%/FTS\\_%' GROUP BY 1 LIMIT 5000";

// By schema, whether it is as wanted.
using Verdicts = std::map<std::string, bool, std::less<>>;

class MariadbConfigCollector final : public Collector {
 public:
  explicit MariadbConfigCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto servers = BenchServersOf(*inventory, context_.settings.mariadb);
    return AskEach(servers, deadline, [&](const BenchServer& server, Deadline share) {
      return CollectServer(server, share, sink);
    });
  }

 private:
  Status CollectServer(const BenchServer& target, Deadline deadline, SampleSink& sink) {
    for (const Bench* bench : target.benches) {
      sink.Add(kOnThisHost, {bench->name}, IsOnThisHost(target.options.address) ? 1 : 0);
    }
    const auto server = context_.mariadb_server(target.options);
    Status status;
    // What a login may not see is not there, nor are InnoDB's tables in MySQL 8 under these names.
    const auto ask = [&](std::string_view statement, std::size_t left) {
      auto rows = server->Query(statement, deadline.Share(left));
      const bool absent = !rows && IsAbsent(rows.error());
      if (!rows && !absent && status) status = Fail(rows.error());
      return rows.value_or(MariadbTable{});
    };
    ServerConfig config{.variables = PairsOf(ask(kVariables, 4)), .data_bytes = std::nullopt};
    if (!status) return status;
    const MariadbTable bytes = ask(kDataBytes, 3);
    if (!bytes.rows.empty()) {
      config.data_bytes = MariadbColumns(bytes).Number(bytes.rows[0], "bytes");
    }
    AddServer(target, config, sink);
    const MariadbTable collations = ask(kCollations, 2);
    AddSites(target, kSchemaCollation, CollationsOf(collations), sink);
    const MariadbTable formats = ask(kRowFormats, 1);
    AddSites(target, kTableRowFormat, RowFormatsOf(formats), sink);
    return status;
  }

  static void AddServer(const BenchServer& target, const ServerConfig& config, SampleSink& sink) {
    for (const ConfigRule& rule : ConfigRules()) {
      const auto as_wanted = rule.is_as_wanted(config);
      if (!as_wanted) continue;
      for (const Bench* bench : target.benches) {
        sink.Add(kDrift, {bench->name, rule.setting, "server", rule.severity}, *as_wanted ? 0 : 1);
      }
    }
  }

  static Verdicts CollationsOf(const MariadbTable& table) {
    const MariadbColumns columns(table);
    Verdicts verdicts;
    for (const auto& row : table.rows) {
      const auto name = columns.Text(row, "name"), collation = columns.Text(row, "collation");
      if (name && collation) verdicts.emplace(*name, *collation == kSchemaCollation.wanted);
    }
    return verdicts;
  }

  // InnoDB writes the name of a schema as that of its folder: one of other characters than these
  // is not found under its own name, and so not judged.
  static Verdicts RowFormatsOf(const MariadbTable& table) {
    const MariadbColumns columns(table);
    Verdicts verdicts;
    for (const auto& row : table.rows) {
      const auto name = columns.Text(row, "name");
      const auto others = columns.Number(row, "others");
      if (name && others) verdicts.emplace(*name, *others == 0);
    }
    return verdicts;
  }

  void AddSites(const BenchServer& target, const SchemaRule& rule, const Verdicts& verdicts,
                SampleSink& sink) const {
    for (const Bench* bench : target.benches) {
      for (const SiteTarget& site : SiteTargetsOf(*bench, context_.settings.mariadb).sites) {
        const auto found = verdicts.find(site.schema);
        const bool here = site.options.address == target.options.address;
        if (!here || found == verdicts.end()) continue;
        sink.Add(kDrift, {bench->name, rule.setting, site.site, rule.severity},
                 found->second ? 0 : 1);
      }
    }
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbConfigCollector{
    .name = "mariadb_config",
    .summary = "settings of MariaDB that differ from what Frappe needs; whether it is on this host",
    .access =
        "MariaDB: a login for its variables; SELECT on mysql.innodb_table_stats to compare the "
        "buffer pool with the data; PROCESS for row formats; any privilege on a site's database "
        "for its collation",
    .mariadb_privileges = "PROCESS",
    .mariadb_tables = "mysql.innodb_table_stats",
    .interval = std::chrono::minutes(5),
    .timeout = std::chrono::seconds(10),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbConfigCollector>(context);
    }};

}  // namespace erpnext
