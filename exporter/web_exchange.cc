// SPDX-License-Identifier: Apache-2.0
// cpp-httplib reads the head of the request and writes the head of the answer.
#include "exporter/web_exchange.h"

#include <fmt/chrono.h>
#include <httplib.h>

#include <algorithm>
#include <cstring>

namespace erpnext {
namespace {

// The request comes from, and the answer goes to, memory.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view in) : in_(in) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, std::size_t size) override {
    const std::size_t count = std::min(size, in_.size());
    std::memcpy(out, in_.data(), count);
    in_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  using httplib::Stream::write;
  ssize_t write(const char* bytes, std::size_t size) override {
    out_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // The library refuses to serve numbers above 1023, which select(2) cannot take.
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string TakeOutput() { return std::move(out_); }

 private:
  std::string_view in_;
  std::string out_;
};

// Nothing here loads anything or may be kept: numbers go stale, and the status page has inline
// styles and no scripts.
const httplib::Headers& FixedHeaders() {
  static const httplib::Headers headers = {
      {"Accept-Ranges", "none"},
      {"Cache-Control", "no-store"},
      {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
      {"X-Content-Type-Options", "nosniff"},
  };
  return headers;
}

std::string HttpDate() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(now));
}

// A server for one request. It has no socket, no threads and no routes, and is made in less than a
// microsecond; so nothing of one request can reach another.
class OneRequestServer final : private httplib::Server {
 public:
  OneRequestServer(const RequestHead& head, const KeepAlive& keep_alive, const WebHandler& handler)
      : head_(head), handler_(handler) {
    answer_.keep_alive = head.keep_alive && keep_alive.requests > 0;
    set_default_headers(FixedHeaders());
    set_keep_alive_timeout(
        std::chrono::duration_cast<std::chrono::seconds>(keep_alive.timeout).count());
    set_keep_alive_max_count(keep_alive.requests);
    // Before routing, and so before the library reads a body.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Handle(request, response);
      return HandlerResponse::Handled;
    });
  }

  WebAnswer Run() {
    MemoryStream stream(head_.text);
    bool closed = false;
    process_request(stream, !answer_.keep_alive, closed,
                    [&](httplib::Request& request) { request.method = head_.method; });
    if (!handled_) return AnswerRefusal({400, "the request is malformed"});
    answer_.head = stream.TakeOutput();
    return std::move(answer_);
  }

 private:
  void Handle(const httplib::Request& request, httplib::Response& out) {
    handled_ = true;
    WebResponse response = CallHandler(request);
    out.status = response.status;
    out.set_header("Date", HttpDate());
    out.set_header("Content-Type", response.content_type);
    for (auto& [name, value] : response.headers) {
      out.headers.erase(name);
      out.set_header(name.c_str(), value);
    }
    // The body goes to the socket without the library, which would copy, compress and cut it.
    out.set_header("Content-Length", std::to_string(response.body.size()));
    if (head_.method != "HEAD") answer_.body = std::move(response.body);
    if (answer_.keep_alive) out.set_header("Connection", "keep-alive");  // for HTTP/1.0
  }

  WebResponse CallHandler(const httplib::Request& in) {
    WebRequest request;
    request.method = head_.method;
    request.path = in.path;
    request.query.insert(in.params.begin(), in.params.end());
    for (const auto& [name, value] : in.headers) {
      const bool added_by_library = name.starts_with("REMOTE_") || name.starts_with("LOCAL_");
      if (!added_by_library) request.headers.emplace(name, value);
    }
    try {
      return handler_(request);
    } catch (...) {
      // The text of an exception may quote what nobody outside may read.
    }
    return {.status = 500, .body = "internal error\n"};
  }

  const RequestHead& head_;
  const WebHandler& handler_;
  WebAnswer answer_;
  bool handled_ = false;
};

}  // namespace

std::string WebRequest::Header(std::string_view name) const {
  std::string joined;
  const auto [begin, end] = headers.equal_range(std::string(name));
  for (auto it = begin; it != end; ++it) {
    if (it != begin) joined += ", ";
    joined += it->second;
  }
  return joined;
}

WebAnswer Exchange(const RequestHead& head, const KeepAlive& keep_alive,
                   const WebHandler& handler) {
  return OneRequestServer(head, keep_alive, handler).Run();
}

WebAnswer AnswerRefusal(const Refusal& refusal) {
  const RequestHead head{.method = "GET", .text = "GET / HTTP/1.1\r\n\r\n"};
  return Exchange(head, {}, [&](const WebRequest&) {
    WebResponse response{.status = refusal.status, .body = refusal.reason + "\n"};
    if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
  });
}

}  // namespace erpnext
