// SPDX-License-Identifier: Apache-2.0
// An HTTP/1 server for small answers to few honest clients among any number of hostile ones.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "exporter/listen_address.h"
#include "exporter/web_loop.h"
#include "exporter/web_routes.h"
#include "exporter/web_types.h"

namespace erpnext {

// Handlers run on threads of the server, several at a time, and should keep deadlines of their own.
// They see no bodies: requests with one are refused. Used by one thread.
class WebServer {
 public:
  explicit WebServer(std::vector<WebRoute> routes, WebLimits limits = {});
  // Stops at once, but waits for handlers that run.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // Before Start(), once per address. Returns the address as bound: "127.0.0.1:43211",
  // "[::1]:10470", "unix:/run/x.sock".
  Result<std::string> Listen(const std::string& address);

  void Start();

  // Takes no new connections from now on. Running requests may end until the deadline, then their
  // sockets are shut down.
  void Stop(Deadline deadline);

 private:
  WebLimits limits_;
  WebRoutes routes_;
  std::vector<Listener> listeners_;
  std::unique_ptr<WebLoop> loop_;
  std::thread thread_;
};

}  // namespace erpnext
