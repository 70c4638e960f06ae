// SPDX-License-Identifier: Apache-2.0
// One reader for each Redis, used by one thread at a time.
#include "sources/rq_readings.h"

#include <algorithm>

namespace erpnext {
namespace {

// A Redis that nobody asks any more, for example after its password was changed.
constexpr std::chrono::minutes kForgotten{10};

}  // namespace

std::shared_ptr<RqReadings::Server> RqReadings::For(const RedisEndpoint& endpoint, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(servers_, [&](const auto& server) {
    return server->endpoint != endpoint && now - server->used > kForgotten;
  });
  auto known = std::find_if(servers_.begin(), servers_.end(),
                            [&](const auto& server) { return server->endpoint == endpoint; });
  if (known == servers_.end()) {
    auto server = std::make_shared<Server>();
    server->endpoint = endpoint;
    known = servers_.insert(servers_.end(), std::move(server));
  }
  (*known)->used = now;
  return *known;
}

// Holds a server's reader until it is destroyed; not a timed_mutex, because what that calls for a
// steady clock is unknown to the thread sanitizer of g++ 12.
class RqReadings::Turn {
 public:
  Turn(Server& server, Deadline deadline) : server_(server) {
    std::unique_lock lock(server_.mutex);
    owned_ = server_.freed.wait_until(lock, deadline.at(), [&] { return !server_.busy; });
    if (owned_) server_.busy = true;
  }
  ~Turn() {
    if (!owned_) return;
    const std::lock_guard lock(server_.mutex);
    server_.busy = false;
    server_.freed.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool owned() const { return owned_; }

 private:
  Server& server_;
  bool owned_ = false;
};

std::shared_ptr<const RqOutcome> RqReadings::Read(const RedisEndpoint& endpoint,
                                                  const RqScope& scope, std::uint64_t seen,
                                                  const Clock& clock, const Connect& connect,
                                                  Deadline deadline) {
  const auto server = For(endpoint, clock.Steady());
  auto outcome = std::make_shared<RqOutcome>();
  const Turn turn(*server, deadline);
  if (!turn.owned()) {
    outcome->number = seen;
    outcome->status =
        Fail(ErrorKind::kTimeout, "{}: another reading has not ended in time", endpoint.Text());
    return outcome;
  }
  const auto& last = server->last;
  if (last && last->number > seen && clock.Steady() - last->steady_at <= kFresh) return last;
  if (!server->reader) server->reader = std::make_unique<RqReader>(connect(endpoint));
  outcome->number = std::max(seen, last ? last->number : 0) + 1;
  outcome->at = clock.Wall();
  outcome->steady_at = clock.Steady();
  outcome->status =
      server->reader->Read(scope, UnixSeconds(outcome->at), deadline, outcome->reading);
  server->last = outcome;
  return outcome;
}

}  // namespace erpnext
