// SPDX-License-Identifier: Apache-2.0
// The one thread that owns every connection of the web server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/deadline.h"
#include "exporter/listen_address.h"
#include "exporter/web_connection.h"
#include "exporter/web_routes.h"
#include "exporter/web_types.h"
#include "exporter/worker_pool.h"

namespace erpnext {

// cpp-httplib's own server gives a thread to each connection from accept on, so that a few idle or
// dripping clients shut everybody else out, and limits on threads only choose who is shut out.
// Here connections wait in one epoll set, which costs a socket and the bytes received so far. Only
// complete requests go to a small pool of threads, and finished answers come back to be sent at
// the client's pace. No client can hold a thread: neither by sending slowly nor by reading slowly.
//
// The number of connections is bounded. When one more comes, the one that has waited longest goes:
// an honest client sends its request at once and so is among the youngest. Unsent answers are
// bounded in the same way. All bytes go through Channel, so that TLS is one more state of a
// connection, the handshake, and no concern of anything else here.
class WebLoop {
 public:
  WebLoop(WebRoutes& routes, const WebLimits& limits, std::vector<Listener> listeners);
  WebLoop(const WebLoop&) = delete;
  WebLoop& operator=(const WebLoop&) = delete;

  // Serves until stopped. Nothing of it blocks but the wait for events.
  void Run();

  // Thread-safe. Run() closes the listeners and the idle connections at once, and returns when the
  // rest has its answers, at the latest at the deadline.
  void Stop(Deadline deadline);

 private:
  using Id = std::uint64_t;  // of a connection, never used twice
  struct Completion {
    Id id;
    WebAnswer answer;
  };

  int WaitMillis() const;
  bool Finished() const;
  void HandleEvent(Id id, std::uint32_t events);
  void HandleWake();
  void BeginStop(Deadline deadline);

  void Accept(const Listener& listener);
  void AddClient(UniqueFd fd);
  void WatchListeners(bool on);
  bool EvictOne();

  void Advance(Id id, WebConnection& client);
  void Dispatch(Id id, WebConnection& client, std::string head);
  void Complete(Id id, WebAnswer answer);  // on a worker's thread
  void Refuse(Id id, WebConnection& client, const Refusal& refusal);
  void Answer(Id id, WebConnection& client, WebAnswer answer);
  void AfterSending(Id id, WebConnection& client);
  void BoundUnsent();
  void Sweep();
  void Expire(Id id, WebConnection& client);
  void Watch(Id id, WebConnection& client, short events);
  void Close(Id id);

  WebRoutes& routes_;
  const WebLimits limits_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::vector<Listener> listeners_;
  bool accepting_ = false;
  std::unordered_map<Id, WebConnection> clients_;
  Id next_id_;
  Deadline::Clock::time_point next_sweep_{};
  std::optional<Deadline> stopping_;

  std::mutex mutex_;
  std::vector<Completion> completed_;
  std::optional<Deadline> stop_;

  WorkerPool pool_;  // last: its threads use what stands above
};

}  // namespace erpnext
