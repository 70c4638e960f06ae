// SPDX-License-Identifier: Apache-2.0
// Whether the Redis servers of each bench answer, and how full they are.
#include "collectors/redis/status.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "collectors/connect_reason.h"
#include "collectors/context.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr Family kUp{.name = "erpnext_redis_up",
                     .labels = {"bench", "role"},
                     .help = "1 when the Redis of this role answered, 0 when it did not.",
                     .source = "INFO"};
constexpr Family kConnectError{
    .name = "erpnext_redis_connect_error_info",
    .labels = {"bench", "role", "reason"},
    .help = "Why a Redis did not answer our question, with value 1. Absent when it did.",
    .source = "error of connection, login or reply"};
constexpr Family kMemoryUsed{.name = "erpnext_redis_memory_used_bytes",
                             .labels = {"bench", "role"},
                             .help = "Memory that Redis has allocated for data and buffers.",
                             .source = "INFO used_memory"};
constexpr Family kMemoryMax{.name = "erpnext_redis_memory_max_bytes",
                            .labels = {"bench", "role"},
                            .help = "Configured limit of memory; 0 means that there is none.",
                            .source = "INFO maxmemory"};
constexpr Family kClients{.name = "erpnext_redis_connected_clients",
                          .labels = {"bench", "role"},
                          .help = "Connections of clients at present, ours included.",
                          .source = "INFO connected_clients"};
constexpr Family kEvicted{
    .name = "erpnext_redis_evicted_keys_total",
    .kind = MetricKind::kCounter,
    .labels = {"bench", "role"},
    .help = "Keys removed because the limit of memory was reached. A loss in the queue role.",
    .source = "INFO evicted_keys"};
constexpr const Family* kFamilies[] = {&kUp,        &kConnectError, &kMemoryUsed,
                                       &kMemoryMax, &kClients,      &kEvicted};

struct InfoField {
  std::string_view name;
  const Family* family;
};
constexpr InfoField kInfoFields[] = {{"used_memory", &kMemoryUsed},
                                     {"maxmemory", &kMemoryMax},
                                     {"connected_clients", &kClients},
                                     {"evicted_keys", &kEvicted}};

class RedisStatusCollector final : public Collector {
 public:
  explicit RedisStatusCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    struct Server {
      const Bench* bench;
      std::string_view role;
      const RedisEndpoint* endpoint;
    };
    const auto inventory = context_.inventory->Current();
    std::vector<Server> servers;
    for (Client& client : clients_) client.used = false;
    for (const Bench& bench : inventory->benches) {
      if (bench.redis_queue) servers.push_back({&bench, "queue", &*bench.redis_queue});
      if (bench.redis_cache) servers.push_back({&bench, "cache", &*bench.redis_cache});
    }
    Status status;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const auto& [bench, role, endpoint] = servers[i];
      const Deadline share = deadline.Share(servers.size() - i);
      const Status asked = Ask(bench->name, role, *endpoint, share, sink);
      if (!asked && status) status = asked;
    }
    std::erase_if(clients_, [](const Client& client) { return !client.used; });
    return status;
  }

 private:
  struct Client {
    RedisEndpoint endpoint;
    std::unique_ptr<RedisConnection> connection;
    bool used = true;
  };

  RedisConnection& ClientFor(const RedisEndpoint& endpoint) {
    auto client = std::find_if(clients_.begin(), clients_.end(),
                               [&](const Client& c) { return c.endpoint == endpoint; });
    if (client == clients_.end()) {
      auto connection = context_.connect_redis(context_.settings.Login(endpoint));
      client = clients_.insert(clients_.end(), Client{endpoint, std::move(connection)});
    }
    client->used = true;
    return *client->connection;
  }

  static Result<std::string> InfoOf(RedisConnection& client, Deadline deadline) {
    const RedisCommand command = {"INFO"};
    const auto replies = client.Pipeline({&command, 1}, deadline);
    if (!replies) return Fail(replies.error());
    const RedisReply& reply = replies->front();
    if (reply.is_error()) return Fail(RedisReplyError(reply));
    if (const std::string* text = reply.AsString()) return *text;
    return Fail(ErrorKind::kProtocol, "INFO was not answered with a text");
  }

  Status Ask(const std::string& bench, std::string_view role, const RedisEndpoint& endpoint,
             Deadline deadline, SampleSink& sink) {
    const auto info = InfoOf(ClientFor(endpoint), deadline);
    const bool up = info || IsUpThough(info.error().kind);
    sink.Add(kUp, {bench, role}, up ? 1 : 0);
    if (!info) {
      sink.Add(kConnectError, {bench, role, ConnectReason(info.error().kind)}, 1);
      return Fail(info.error());
    }
    AddInfo(bench, role, *info, sink);
    return {};
  }

  static void AddInfo(const std::string& bench, std::string_view role, std::string_view text,
                      SampleSink& sink) {
    while (const auto line = NextLine(text)) {
      const std::size_t colon = line->find(':');
      if (colon == std::string_view::npos) continue;
      for (const InfoField& field : kInfoFields) {
        if (line->substr(0, colon) != field.name) continue;
        if (const auto value = ParseNumber<double>(line->substr(colon + 1))) {
          sink.Add(*field.family, {bench, role}, *value);
        }
      }
    }
  }

  CollectorContext context_;
  std::vector<Client> clients_;
};

}  // namespace

const CollectorEntry kRedisStatusCollector{
    .name = "redis_status",
    .summary = "whether each Redis of a bench answers; memory, clients, evictions",
    .access = "Redis (queue and cache role): INFO",
    .redis_commands = "info",
    .timeout = std::chrono::seconds(2),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<RedisStatusCollector>(context);
    }};

}  // namespace erpnext
