// SPDX-License-Identifier: Apache-2.0
// The head of a request before cpp-httplib sees it: what is ambiguous or unwanted is refused, what
// the library would act on by itself is taken out.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace erpnext {

struct RequestHead {
  std::string method;       // any token
  bool keep_alive = false;  // the client wants to send more requests
  std::string text;         // request line and headers for the library, always a GET
};

// Why there is no answer but this one; the connection ends with it.
struct Refusal {
  int status;
  std::string reason;
};

// `head` reaches from the request line to the empty line. Requests never have a body.
tl::expected<RequestHead, Refusal> ReadRequestHead(std::string_view head);

}  // namespace erpnext
