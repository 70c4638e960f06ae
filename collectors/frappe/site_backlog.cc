// SPDX-License-Identifier: Apache-2.0
// What each site has put into the cache Redis, to be written to its database or its logs later.
// Keys as frappe.utils.redis_wrapper makes them, Frappe 13 to 16: the name of the database before a
// bar. `bench clear-cache` and eviction lose what waits there.
#include "collectors/frappe/site_backlog.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "collectors/context.h"
#include "sources/mariadb_target.h"

namespace erpnext {
namespace {

constexpr Family kBacklog{
    .name = "erpnext_site_backlog_entries",
    .labels = {"bench", "site", "list"},
    .help =
        "Entries that wait in the cache Redis: rows for the database, by doctype (error_log holds "
        "the errors of web requests since Frappe 15, for up to 15 minutes; one entry may be "
        "several rows), global_search, and monitor for monitor.json.log, where Frappe always "
        "leaves the last one.",
    .source =
        "LLEN <db_name>|insert_queue_for_<doctype>, global_search_queue, monitor-transactions"};
constexpr const Family* kFamilies[] = {&kBacklog};

struct List {
  std::string_view label;
  std::string_view key;  // behind the prefix
};
// The doctypes that Frappe itself inserts so: frappe/deferred_insert.py and who calls it.
constexpr List kLists[] = {{"error_log", "insert_queue_for_Error Log"},
                           {"access_log", "insert_queue_for_Access Log"},
                           {"api_request_log", "insert_queue_for_API Request Log"},
                           {"route_history", "insert_queue_for_Route History"},
                           {"view_log", "insert_queue_for_View Log"},
                           {"web_page_view", "insert_queue_for_Web Page View"},
                           {"global_search", "global_search_queue"},
                           {"monitor", "monitor-transactions"}};

struct Place {
  std::string_view bench, site;
  std::string schema;
};

class SiteBacklogCollector final : public Collector {
 public:
  explicit SiteBacklogCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    for (Server& server : servers_) server.places.clear();
    for (const Bench& bench : inventory->benches) AddPlaces(bench);
    std::erase_if(servers_, [](const Server& server) { return server.places.empty(); });
    Status status;
    std::size_t left = servers_.size();
    for (Server& server : servers_) {
      const Status read = Read(server, deadline.Share(left--), sink);
      if (!read && status) status = read;
    }
    return status;
  }

 private:
  struct Server {
    RedisEndpoint endpoint;
    std::unique_ptr<RedisConnection> connection;
    std::vector<Place> places;
  };

  void AddPlaces(const Bench& bench) {
    if (!bench.redis_cache) return;
    const RedisEndpoint endpoint = context_.settings.Login(*bench.redis_cache);
    std::set<std::string> known;  // copies of a site share the database, and so the lists
    for (const Site& site : bench.sites) {
      auto schema = SchemaOf(site);
      if (!schema || !known.insert(*schema).second) continue;
      ServerAt(endpoint).places.push_back({bench.name, site.name, std::move(*schema)});
    }
  }

  Server& ServerAt(const RedisEndpoint& endpoint) {
    const auto found = std::find_if(servers_.begin(), servers_.end(),
                                    [&](const Server& s) { return s.endpoint == endpoint; });
    if (found != servers_.end()) return *found;
    return servers_.emplace_back(Server{endpoint, context_.connect_redis(endpoint), {}});
  }

  static Status Read(Server& server, Deadline deadline, SampleSink& sink) {
    std::vector<RedisCommand> commands;
    for (const Place& place : server.places) {
      for (const List& list : kLists) {
        commands.push_back({"LLEN", place.schema + "|" + std::string(list.key)});
      }
    }
    const auto replies = server.connection->Pipeline(commands, deadline);
    if (!replies) return Fail(replies.error());
    Status status;
    auto reply = replies->begin();
    for (const Place& place : server.places) {
      for (const List& list : kLists) {
        const RedisReply& length = *reply++;
        if (const auto number = length.AsInteger()) {
          sink.Add(kBacklog, {place.bench, place.site, list.label}, static_cast<double>(*number));
        } else if (status) {
          status = length.is_error()
                       ? Fail(RedisReplyError(length))
                       : Fail(ErrorKind::kProtocol, "LLEN was not answered with a number");
          // Somebody's key of the same name is no fault of the server.
          if (status.error().kind == ErrorKind::kMalformed) status = {};
        }
      }
    }
    return status;
  }

  CollectorContext context_;
  std::vector<Server> servers_;
};

}  // namespace

const CollectorEntry kSiteBacklogCollector{
    .name = "site_backlog",
    .summary = "what waits in Redis to be written to the database of each site, or to its logs",
    .access = "Redis (cache role): LLEN of eight keys of each site",
    .redis_commands = "llen",
    .interval = std::chrono::seconds(60),
    .timeout = std::chrono::seconds(10),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<SiteBacklogCollector>(context);
    }};

}  // namespace erpnext
