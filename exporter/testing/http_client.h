// SPDX-License-Identifier: Apache-2.0
// An HTTP client for tests that sends whatever bytes it is told to.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/text.h"
#include "exporter/listen_address.h"
#include "sources/channel.h"

namespace erpnext {

struct HttpAnswer {
  int status = 0;                              // 0: there was no answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One connection. Gives up after ten seconds, which no test should need.
class TestHttpClient {
 public:
  explicit TestHttpClient(const std::string& bound) : channel_(Connect(bound)) {}

  // False when the server has closed the connection.
  bool Send(std::string_view bytes) { return channel_.WriteAll(bytes).has_value(); }
  void EndSending() { shutdown(channel_.fd(), SHUT_WR); }

  HttpAnswer Read(bool with_body = true) {
    HttpAnswer answer;
    std::size_t end = std::string::npos;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore()) return answer;
    }
    std::string_view head(input_.data(), end + 2);
    answer.status = ParseNumber<int>(NextLine(head)->substr(9, 3)).value_or(-1);
    while (const auto line = NextLine(head)) {
      const std::size_t colon = line->find(": ");
      answer.headers[ToLower(line->substr(0, colon))] = line->substr(colon + 2);
    }
    input_.erase(0, end + 4);
    if (!with_body) return answer;
    const auto length = ParseNumber<std::size_t>(answer.headers["content-length"]).value_or(0);
    while (input_.size() < length && ReadMore()) {
    }
    answer.body = input_.substr(0, length);
    input_.erase(0, length);
    return answer;
  }

  // Waits until the server closes, and throws away what it sends until then. False when it keeps
  // the connection.
  bool WaitUntilClosed() {
    while (ReadMore()) {
    }
    return !deadline_.Expired();
  }
  // True when something has come, be it the end, before the time has passed.
  bool WaitInput(std::chrono::milliseconds time = {}) const {
    return !input_.empty() || channel_.WaitReadable(Deadline::After(time));
  }
  // True when the server has reset the connection, without reading from it.
  bool WaitGone(std::chrono::milliseconds time) const {
    pollfd waiting{channel_.fd(), POLLRDHUP, 0};
    return poll(&waiting, 1, static_cast<int>(time.count())) == 1;
  }

 private:
  static Channel Connect(const std::string& bound) {
    auto channel = Channel::Connect(ParseListenAddress(bound).value(),
                                    Deadline::After(std::chrono::seconds(10)));
    if (!channel) throw std::runtime_error(channel.error().message);
    return std::move(*channel);
  }

  bool ReadMore() {
    channel_.set_deadline(deadline_);
    char buffer[16384];
    const auto got = channel_.Read(buffer, sizeof buffer);
    if (!got || *got == 0) return false;
    input_.append(buffer, *got);
    return true;
  }

  Channel channel_;
  Deadline deadline_ = Deadline::After(std::chrono::seconds(10));
  std::string input_;
};

inline HttpAnswer HttpAsk(const std::string& bound, std::string_view request) {
  TestHttpClient client(bound);
  client.Send(request);
  return client.Read();
}

inline HttpAnswer HttpGetPath(const std::string& bound, const std::string& path) {
  return HttpAsk(bound, "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
}

}  // namespace erpnext
