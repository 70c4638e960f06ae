// SPDX-License-Identifier: Apache-2.0
// One request and its answer, as bytes in memory.
#pragma once

#include <functional>
#include <string>

#include "exporter/request_head.h"
#include "exporter/web_types.h"

namespace erpnext {

struct WebAnswer {
  std::string head;
  std::string body;
  bool keep_alive = false;  // else the connection ends with this answer
};

using WebHandler = std::function<WebResponse(const WebRequest&)>;

// What the client is told about the connection.
struct KeepAlive {
  std::chrono::milliseconds timeout;
  std::size_t requests;  // how many more; 0: this one is the last
};

// Thread-safe; runs the handler on this thread. An exception of the handler is a 500 without its
// text.
WebAnswer Exchange(const RequestHead& head, const KeepAlive& keep_alive, const WebHandler& handler);

WebAnswer AnswerRefusal(const Refusal& refusal);

}  // namespace erpnext
