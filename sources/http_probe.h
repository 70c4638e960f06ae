// SPDX-License-Identifier: Apache-2.0
// One HTTP request to a web server, as a user's browser would make it, within a deadline.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/channel.h"

namespace erpnext {

struct HttpRequest {
  Address address;   // where to connect
  std::string host;  // Host header, and name for TLS
  std::string path = "/";
  std::shared_ptr<TlsContext> tls;  // null: plain HTTP
};

struct HttpResponse {
  int status = 0;
  std::string body;  // the first 64 KiB
};

// A GET without cookies, redirects or compression. The error tells how far it came: refused,
// unavailable (no such host or socket, connection closed), timeout, permission (certificate not
// trusted), protocol (no HTTP, or TLS failed), limit (more than 256 KiB of headers and body),
// malformed (a host that would not be one header).
Result<HttpResponse> HttpGet(const HttpRequest& request, Deadline deadline);

}  // namespace erpnext
