// SPDX-License-Identifier: Apache-2.0
// Which handler answers which path, and how many at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <vector>

#include "exporter/web_types.h"

namespace erpnext {

// Thread-safe.
class WebRoutes {
 public:
  WebRoutes(std::vector<WebRoute> routes, std::size_t max_requests);

  // 404 for an unknown path, 405 for a method the route has not, 503 when the handler already runs
  // as often as is allowed. One route's crowd does not close another route.
  WebResponse Answer(const WebRequest& request);

 private:
  struct Entry {
    WebRoute route;
    std::atomic<std::size_t> running = 0;
  };

  std::deque<Entry> entries_;  // an atomic cannot move
  std::size_t max_requests_;
};

}  // namespace erpnext
