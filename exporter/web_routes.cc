// SPDX-License-Identifier: Apache-2.0
// Exact paths only: a dozen of them need no patterns.
#include "exporter/web_routes.h"

#include <fmt/format.h>

#include <algorithm>

namespace erpnext {
namespace {

class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count), now_(++count) {}
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  std::size_t now() const { return now_; }

 private:
  std::atomic<std::size_t>& count_;
  std::size_t now_;
};

bool Has(const std::vector<std::string>& methods, std::string_view method) {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

}  // namespace

WebRoutes::WebRoutes(std::vector<WebRoute> routes, std::size_t max_requests)
    : max_requests_(max_requests) {
  for (WebRoute& route : routes) {
    if (Has(route.methods, "GET") && !Has(route.methods, "HEAD")) route.methods.push_back("HEAD");
    entries_.emplace_back().route = std::move(route);
  }
}

WebResponse WebRoutes::Answer(const WebRequest& request) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& candidate) {
    return candidate.route.path == request.path;
  });
  if (entry == entries_.end()) return {.status = 404, .body = "no such page\n"};
  const auto& methods = entry->route.methods;
  if (!Has(methods, request.method)) {
    const std::string allowed = fmt::format("{}", fmt::join(methods, ", "));
    return {.status = 405,
            .headers = {{"Allow", allowed}},
            .body = fmt::format("this page answers {} only\n", allowed)};
  }
  const Counted running(entry->running);
  if (running.now() > max_requests_) {
    return {.status = 503,
            .headers = {{"Retry-After", "1"}},
            .body = fmt::format("{} requests for this page are being answered, try again later\n",
                                max_requests_)};
  }
  return entry->route.handle(request);
}

}  // namespace erpnext
