// SPDX-License-Identifier: Apache-2.0
// cpp-httplib's client over our own stream.
#include "sources/http_probe.h"

#include <algorithm>
#include <exception>

#include "sources/http_stream.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxResponse = 256U << 10;
constexpr std::size_t kMaxBody = 64U << 10;

// Opens the door to the library's request writer and response parser.
class ProbeClient final : public httplib::ClientImpl {
 public:
  explicit ProbeClient(const std::string& host) : httplib::ClientImpl(host) {}

  bool Exchange(httplib::Stream& stream, httplib::Request& request, httplib::Response& response) {
    set_decompress(false);
    httplib::Error error = httplib::Error::Success;
    return process_request(stream, request, response, /*close_connection=*/true, error);
  }
};

}  // namespace

Result<HttpResponse> HttpGet(const HttpRequest& request, Deadline deadline) {
  // The name of a folder could end the header and begin another one.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; };
  if (std::any_of(request.host.begin(), request.host.end(), is_control)) {
    return Fail(ErrorKind::kMalformed, "{}: a site's name is no host name", request.address.Text());
  }
  auto channel = Channel::Connect(request.address, deadline);
  if (!channel) return Fail(channel.error());
  if (request.tls) {
    if (Status s = channel->StartTls(request.tls, request.host, deadline); !s)
      return Fail(s.error());
  }
  channel->set_deadline(deadline);
  channel->set_read_budget(kMaxResponse);
  ChannelStream stream(*channel);

  httplib::Request message;
  message.method = "GET";
  message.path = request.path;
  message.headers = {{"Host", request.host},
                     {"Accept", "*/*"},
                     {"Connection", "close"},
                     {"User-Agent", "erpnext-exporter"}};
  std::string body;
  message.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t,
                                 std::uint64_t) {
    body.append(bytes, std::min(size, kMaxBody - body.size()));
    return true;
  };
  httplib::Response response;
  bool complete = false;
  try {
    complete = ProbeClient(request.host).Exchange(stream, message, response);
  } catch (const std::exception&) {
    return Fail(ErrorKind::kProtocol, "{}: no valid HTTP answer", request.address.Text());
  }
  if (!complete && stream.error()) {
    return Fail(stream.error()->kind, "{}: {}", request.address.Text(), stream.error()->message);
  }
  const bool answering = stream.received() == 0 || response.status >= 100;
  if (!complete && stream.closed() && answering) {
    return Fail(ErrorKind::kUnavailable, "{}: closed before the answer was complete",
                request.address.Text());
  }
  if (!complete || response.status < 100 || response.status > 599) {
    return Fail(ErrorKind::kProtocol, "{}: no valid HTTP answer", request.address.Text());
  }
  return HttpResponse{response.status, std::move(body)};
}

}  // namespace erpnext
