// SPDX-License-Identifier: Apache-2.0
// When pt-heartbeat last wrote at the source of a replica, as the replica of the first bench has
// it, under the names of mysqld_exporter 0.14 with collect.heartbeat. Both times are those of one
// moment, so their difference is how far the replica was behind, however old the sample is.
#include "collectors/mariadb/heartbeat.h"

#include <fmt/format.h>

#include <cstdint>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "collectors/mariadb_values.h"
#include "core/text.h"
#include "sources/mariadb_error.h"

namespace erpnext {
namespace {

constexpr Family kStored{.name = "mysql_heartbeat_stored_timestamp_seconds",
                         .labels = {"server_id"},
                         .help = "Timestamp stored in the heartbeat table.",
                         .source = "ts of the table of mariadb.heartbeat-table, a row a server"};
constexpr Family kNow{.name = "mysql_heartbeat_now_timestamp_seconds",
                      .labels = {"server_id"},
                      .help = "Timestamp of the current server.",
                      .source = "NOW(6), or UTC_TIMESTAMP(6) with mariadb.heartbeat-utc"};
constexpr const Family* kFamilies[] = {&kStored, &kNow};

// pt-heartbeat 3.2 writes `ts` as text: in the time zone of its own process, whatever that of the
// server is, or with --utc in UTC. The server takes the text for a time in its own zone; so with
// --utc its own UTC has to be taken for one too.
std::string Statement(std::string_view table, bool utc) {
  return fmt::format(
      "/* mariadb_heartbeat */ SELECT server_id, UNIX_TIMESTAMP(ts) AS stored, UNIX_TIMESTAMP({}) "
      "AS present FROM {} ORDER BY server_id LIMIT 100",
      utc ? "UTC_TIMESTAMP(6)" : "NOW(6)", table);
}

class MariadbHeartbeatCollector final : public Collector {
 public:
  explicit MariadbHeartbeatCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto server = FirstServer(context_);
    const auto table = context_.settings.heartbeat.table.Quoted();
    if (!server || !table) return {};
    const auto rows = server->Query(Statement(*table, context_.settings.heartbeat.utc), deadline);
    if (rows) {
      AddRows(*rows, sink);
      return {};
    }
    // A server without that table, or with one that is not for us, has no heartbeat.
    if (IsAbsent(rows.error())) return {};
    return Fail(rows.error());
  }

 private:
  static void AddRows(const MariadbTable& table, SampleSink& sink) {
    const MariadbColumns columns(table);
    for (const auto& row : table.rows) {
      // Whatever table was named: only a number becomes a label.
      const auto id = ParseNumber<std::uint64_t>(columns.Text(row, "server_id").value_or(""));
      const auto stored = columns.Number(row, "stored"), now = columns.Number(row, "present");
      if (!id || !stored || !now) continue;
      const std::string server_id = fmt::format("{}", *id);
      sink.Add(kStored, {server_id}, *stored);
      sink.Add(kNow, {server_id}, *now);
    }
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbHeartbeatCollector{
    .name = "mariadb_heartbeat",
    .summary = "times that pt-heartbeat writes, under the names of mysqld_exporter",
    .access = "MariaDB: SELECT on the table of mariadb.heartbeat-table; without it nothing",
    .mariadb_setting_table = [](const CollectorSettings& settings) -> std::string {
      return settings.heartbeat.table.Quoted().value_or("");
    },
    .enabled_by_default = false,
    .interval = std::chrono::seconds(10),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbHeartbeatCollector>(context);
    }};

}  // namespace erpnext
