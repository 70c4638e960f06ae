// SPDX-License-Identifier: Apache-2.0
// The settings of the first database server under the names of mysqld_exporter. Paced, for they
// seldom change, and listing them costs MariaDB more than its whole status.
#include "collectors/mariadb/variables.h"

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"

namespace erpnext {
namespace {

constexpr Family kVersionInfo{.name = "mysql_version_info",
                              .labels = {"innodb_version", "version", "version_comment"},
                              .help = "MySQL version and distribution.",
                              .source = "SHOW GLOBAL VARIABLES"};
constexpr Family kIsolation{.name = "mysql_transaction_isolation",
                            .labels = {"level"},
                            .help = "MySQL transaction isolation.",
                            .source = "SHOW GLOBAL VARIABLES tx_isolation, transaction_isolation"};
constexpr Family kVariables{.name = "mysql_global_variables_*",
                            .kind = MetricKind::kGauge,
                            .help = "Generic gauge metric from SHOW GLOBAL VARIABLES.",
                            .source = "SHOW GLOBAL VARIABLES, the variable of the same name"};
constexpr const Family* kFamilies[] = {&kVersionInfo, &kIsolation, &kVariables};

void AddVariables(const std::map<std::string, std::string>& variables, SampleSink& sink) {
  const auto text = [&](const char* name) {
    const auto found = variables.find(name);
    return found != variables.end() ? found->second : std::string();
  };
  if (variables.contains("version")) {
    sink.Add(kVersionInfo, {text("innodb_version"), text("version"), text("version_comment")}, 1);
  }
  // Before 11.1 MariaDB has only the first; MySQL 8 only the second.
  for (const char* name : {"transaction_isolation", "tx_isolation"}) {
    if (!variables.contains(name)) continue;
    sink.Add(kIsolation, {text(name)}, 1);
    break;
  }
  for (const auto& [name, value] : variables) {
    if (const auto number = ParseStatusValue(value)) {
      sink.AddOpen(kVariables, name, MetricKind::kGauge, *number);
    }
  }
}

class MariadbVariablesCollector final : public Collector {
 public:
  explicit MariadbVariablesCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    if (!server) return {};
    const auto rows = server->QueryMemory("SHOW GLOBAL VARIABLES", deadline);
    if (!rows) return Fail(rows.error());
    AddVariables(PairsOf(*rows), sink);
    return {};
  }

 private:
  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbVariablesCollector{
    .name = "mariadb_variables",
    .summary = "settings and version of MariaDB",
    .access = "MariaDB: a login; SHOW GLOBAL VARIABLES needs no privilege",
    .interval = std::chrono::seconds(30),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbVariablesCollector>(context);
    }};

}  // namespace erpnext
