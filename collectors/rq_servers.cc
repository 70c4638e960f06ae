// SPDX-License-Identifier: Apache-2.0
// Groups benches by their Redis.
#include "collectors/rq_servers.h"

#include <algorithm>

#include "core/text.h"
#include "sources/rq.h"

namespace erpnext {
namespace {

constexpr double kDefaultTimeout = 300;
struct StandardQueue {
  std::string_view name;
  double timeout;
};
constexpr StandardQueue kStandardQueues[] = {{"short", 300}, {"default", 300}, {"long", 1500}};

struct Server {
  RedisEndpoint endpoint;
  std::vector<const Bench*> benches;
};

std::vector<Server> GroupByServer(const Inventory& inventory, const CollectorSettings& settings) {
  std::vector<Server> servers;
  for (const Bench& bench : inventory.benches) {
    if (!bench.redis_queue) continue;
    const RedisEndpoint endpoint = settings.Login(*bench.redis_queue);
    auto known = std::find_if(servers.begin(), servers.end(),
                              [&](const Server& server) { return server.endpoint == endpoint; });
    if (known == servers.end()) known = servers.insert(known, {endpoint, {}});
    known->benches.push_back(&bench);
  }
  return servers;
}

RqScope ScopeOf(const std::vector<const Bench*>& benches) {
  RqScope scope;
  for (const Bench* bench : benches) {
    const BenchQueues own(*bench);
    scope.configured.insert(own.configured().begin(), own.configured().end());
    scope.prefixes.insert(own.prefix());
  }
  return scope;
}

}  // namespace

BenchQueues::BenchQueues(const Bench& bench) : prefix_(RqNamePrefix(bench)) {
  for (const StandardQueue& queue : kStandardQueues) {
    configured_.insert(prefix_ + std::string(queue.name));
  }
  for (const std::string& name : bench.config.KeysOf("workers")) {
    configured_.insert(prefix_ + name);
  }
}

std::optional<std::string_view> BenchQueues::NameOf(std::string_view rq_name) const {
  if (const auto name = FrappeQueueName(rq_name, prefix_)) return name;
  // Without a prefix a name with a colon looks like that of a newer bench.
  if (prefix_.empty() && configured_.contains(std::string(rq_name))) return rq_name;
  return std::nullopt;
}

std::vector<std::string_view> BenchQueues::NamesOf(std::string_view rq_names) const {
  std::vector<std::string_view> names;
  for (std::string_view rq_name : Split(rq_names, ',')) {
    const auto name = NameOf(rq_name);
    if (name && std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(*name);
  }
  return names;
}

std::optional<double> QueueTimeout(const Bench& bench, std::string_view queue) {
  const auto names = bench.config.KeysOf("workers");
  if (std::find(names.begin(), names.end(), queue) != names.end()) {
    const auto timeout = bench.config.IntegerIn("workers", queue, "timeout");
    return timeout ? static_cast<double>(*timeout) : kDefaultTimeout;
  }
  for (const StandardQueue& standard : kStandardQueues) {
    if (standard.name == queue) return standard.timeout;
  }
  return std::nullopt;
}

Status RqServers::Read(const Inventory& inventory, Deadline deadline, const Use& use) {
  const std::vector<Server> servers = GroupByServer(inventory, context_.settings);
  std::vector<std::pair<RedisEndpoint, std::uint64_t>> seen;
  Status status;
  std::size_t left = servers.size();
  for (const Server& server : servers) {
    const auto before = std::find_if(seen_.begin(), seen_.end(), [&](const auto& entry) {
      return entry.first == server.endpoint;
    });
    const auto outcome = context_.rq_readings->Read(
        server.endpoint, ScopeOf(server.benches), before == seen_.end() ? 0 : before->second,
        *context_.clock, context_.connect_redis, deadline.Share(left--));
    seen.emplace_back(server.endpoint, outcome->number);
    use(server.benches, *outcome);
    if (!outcome->status && status) status = outcome->status;
  }
  seen_ = std::move(seen);
  return status;
}

}  // namespace erpnext
