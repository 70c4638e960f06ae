// SPDX-License-Identifier: Apache-2.0
// What handlers of the web server see of HTTP.
#pragma once

#include <strings.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace erpnext {

struct CaseInsensitive {
  bool operator()(const std::string& a, const std::string& b) const {
    return strcasecmp(a.c_str(), b.c_str()) < 0;
  }
};

struct WebRequest {
  std::string method;
  std::string path;                               // decoded
  std::multimap<std::string, std::string> query;  // decoded
  std::multimap<std::string, std::string, CaseInsensitive> headers;

  // The values of all headers of that name, joined by ", "; empty when there is none.
  std::string Header(std::string_view name) const;
};

struct WebResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct WebRoute {
  std::string path;                  // exact
  std::vector<std::string> methods;  // "GET" also answers HEAD; others: 405 with Allow
  std::function<WebResponse(const WebRequest&)> handle;
};

// Each bound is a promise to the other clients: nobody holds a connection, a thread or memory for
// longer or in greater number.
struct WebLimits {
  std::chrono::milliseconds first_byte{2'000};  // from accept
  std::chrono::milliseconds keep_alive{5'000};  // from an answer to the next request
  std::chrono::milliseconds head{3'000};        // from the first byte of a request to its last
  std::chrono::milliseconds answer{30'000};     // to handle a request and to send its answer
  std::chrono::milliseconds linger{2'000};      // for the client to take the last answer

  std::size_t head_bytes = 16U << 10;  // request line and headers
  std::size_t connections = 512;       // beyond them the longest waiting is closed
  std::size_t threads = 64;            // that run handlers, started on demand
  std::size_t queue = 64;              // requests that wait for a thread
  std::size_t max_requests = 40;       // of one route at a time, as in node_exporter
  std::size_t requests_per_connection = 1'000;
  std::size_t unsent_bytes = std::size_t{32} << 20;  // of all answers that clients do not take
};

}  // namespace erpnext
