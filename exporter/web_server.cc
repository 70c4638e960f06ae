// SPDX-License-Identifier: Apache-2.0
// The life of the web server; what it does is in the loop.
#include "exporter/web_server.h"

#include <csignal>
#include <utility>

namespace erpnext {

WebServer::WebServer(std::vector<WebRoute> routes, WebLimits limits)
    : limits_(limits), routes_(std::move(routes), limits.max_requests) {
  // A peer that has gone is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
}

WebServer::~WebServer() { Stop(Deadline::After({})); }

Result<std::string> WebServer::Listen(const std::string& address) {
  auto listener = Listener::Open(address);
  if (!listener) return Fail(listener.error());
  std::string bound = listener->bound();
  listeners_.push_back(std::move(*listener));
  return bound;
}

void WebServer::Start() {
  loop_ = std::make_unique<WebLoop>(routes_, limits_, std::move(listeners_));
  thread_ = std::thread([this] { loop_->Run(); });
}

void WebServer::Stop(Deadline deadline) {
  listeners_.clear();
  if (!thread_.joinable()) return;
  loop_->Stop(deadline);
  thread_.join();
}

}  // namespace erpnext
