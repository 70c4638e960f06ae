// SPDX-License-Identifier: Apache-2.0
// What each database server writes into its error log: crashes and corrupt tables are nowhere else.
#include "collectors/mariadb/error_log.h"

#include <algorithm>
#include <array>
#include <map>

#include "collectors/context.h"
#include "collectors/mariadb_servers.h"
#include "core/text.h"
#include "sources/mariadb_server_log.h"

namespace erpnext {
namespace {

constexpr Family kLines{.name = "erpnext_mariadb_error_log_lines_total",
                        .kind = MetricKind::kCounter,
                        .labels = {"bench", "level"},
                        .help =
                            "Entries of the server's error log since the exporter started, by "
                            "level: note, warning, error or other.",
                        .source = "the file that log_error names"};
constexpr Family kEvents{
    .name = "erpnext_mariadb_error_log_events_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "event"},
    .help =
        "Entries that tell of a start, a shutdown, a crash, recovery from one, corruption, a full "
        "disk, lack of memory, a read_only server, a hang of InnoDB, or an aborted_connection.",
    .source = "texts of MariaDB's error log"};
constexpr const Family* kFamilies[] = {&kLines, &kEvents};

constexpr const char* kLevels[] = {"note", "warning", "error", "other"};

struct Event {
  std::string_view name;
  std::string_view level;  // in lower case; empty: any
  std::array<std::string_view, 4> texts;
};
// Texts of MariaDB 10.3 to 11; the first event that has one of them counts.
constexpr Event kKnown[] = {
    {"crash", "error", {"got signal "}},
    {"hang", "", {"fatal_semaphore_wait_threshold was exceeded", "long semaphore wait"}},
    {"recovery", "", {"Starting crash recovery", "Starting table crash recovery"}},
    {"disk_full", "", {"Disk full", "Disk is full", "No space left on device"}},
    {"read_only",
     "",
     {"Started in read only mode", "innodb_force_recovery is set to", "Read-only file system"}},
    {"corruption", "error", {"orrupt", "marked as crashed", "is in the future"}},
    {"out_of_memory", "error", {"ut of memory", "annot allocate memory"}},
    {"aborted_connection", "", {"Aborted connection "}},
    {"shutdown", "", {"Normal shutdown"}},
    {"start", "", {"ready for connections."}},
};

bool Tells(const Event& event, std::string_view level, std::string_view text) {
  if (!event.level.empty() && event.level != level) return false;
  return std::any_of(event.texts.begin(), event.texts.end(), [&](std::string_view each) {
    return !each.empty() && text.find(each) != std::string_view::npos;
  });
}

// Of one server.
class Counts {
 public:
  void Take(const ErrorLogLine& line) {
    if (line.at.empty()) return;  // an entry is counted once, and statements may be in its rest
    const std::string level = ToLower(line.level);
    const auto* known = std::find(std::begin(kLevels), std::end(kLevels), level);
    ++lines_[known == std::end(kLevels) ? "other" : *known];
    const auto* event = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Event& each) {
      return Tells(each, level, line.text);
    });
    if (event != std::end(kKnown)) ++events_[event->name];
  }

  // Also what did not happen yet: a counter that appears with 1 has no increase.
  void Publish(std::string_view bench, SampleSink& sink) const {
    const auto count = [](const auto& counts, std::string_view name) {
      const auto found = counts.find(name);
      return found == counts.end() ? 0.0 : found->second;
    };
    for (const std::string_view level : kLevels) {
      sink.Add(kLines, {bench, level}, count(lines_, level));
    }
    for (const Event& event : kKnown) {
      sink.Add(kEvents, {bench, event.name}, count(events_, event.name));
    }
  }

 private:
  std::map<std::string_view, double> lines_, events_;
};

class MariadbErrorLogCollector final : public Collector {
 public:
  explicit MariadbErrorLogCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    const auto servers = BenchServersOf(*inventory, context_.settings.mariadb);
    Status status;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const MariadbOptions& options = servers[i].options;
      auto& [log, counts] = servers_[options.address.Text()];
      const auto read = log.Poll(
          *context_.mariadb_server(options), options.address, deadline.Share(servers.size() - i),
          [&counts = counts](const ErrorLogLine& line) { counts.Take(line); });
      if (!read && status) status = Fail(read.error());
      if (read && *read) counts.Publish(servers[i].benches[0]->name, sink);
    }
    return status;
  }

 private:
  CollectorContext context_;
  std::map<std::string, std::pair<ServerLog, Counts>> servers_;  // by address
};

}  // namespace

const CollectorEntry kMariadbErrorLogCollector{
    .name = "mariadb_error_log",
    .summary = "crashes, corruption and other events that MariaDB writes into its error log",
    .access = "read the file that log_error of MariaDB names, on this host; without it nothing",
    .interval = std::chrono::seconds(10),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbErrorLogCollector>(context);
    }};

}  // namespace erpnext
