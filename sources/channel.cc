// SPDX-License-Identifier: Apache-2.0
// Non-blocking sockets behind calls that block until a deadline.
#include "sources/channel.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace erpnext {
namespace {

Error SocketError(int error_number, std::string_view doing) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (error_number == ECONNREFUSED) kind = ErrorKind::kRefused;
  if (error_number == EACCES || error_number == EPERM) kind = ErrorKind::kPermission;
  if (error_number == ETIMEDOUT) kind = ErrorKind::kTimeout;
  return {kind, fmt::format("{}: {}", doing, std::generic_category().message(error_number))};
}

// The newest entry of OpenSSL's error queue, which is emptied.
std::string TlsErrorText() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "connection closed";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown TLS error";
}

Status WaitFor(int fd, short events, Deadline deadline) {
  for (;;) {
    pollfd waiting{fd, events, 0};
    const int ready = poll(&waiting, 1, deadline.RemainingMillis());
    if (ready > 0) return {};
    if (ready == 0) return Fail(ErrorKind::kTimeout, "no answer in time");
    if (errno != EINTR) return Fail(SocketError(errno, "poll"));
  }
}

Status ConnectSocket(int fd, const sockaddr* address, socklen_t length, Deadline deadline) {
  if (connect(fd, address, length) == 0) return {};
  // A unix socket whose backlog is full answers EAGAIN at once: nobody accepts.
  if (errno == EAGAIN) return Fail(ErrorKind::kTimeout, "connect: nobody accepts");
  if (errno != EINPROGRESS && errno != EINTR) return Fail(SocketError(errno, "connect"));
  if (Status ready = WaitFor(fd, POLLOUT, deadline); !ready) {
    return Fail(ready.error().kind, "connect: {}", ready.error().message);
  }
  int error_number = 0;
  socklen_t size = sizeof error_number;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number != 0) return Fail(SocketError(error_number, "connect"));
  return {};
}

Result<UniqueFd> ConnectUnix(const std::string& path, Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Fail(ErrorKind::kMalformed, "socket path is longer than {} bytes",
                sizeof address.sun_path - 1);
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid())
    return Fail(ErrorKind::kLimit, "no socket: {}", std::generic_category().message(errno));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (Status status = ConnectSocket(fd.get(), generic, sizeof address, deadline); !status) {
    return Fail(status.error());
  }
  return fd;
}

Result<UniqueFd> ConnectTcp(const Address& to, Deadline deadline) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int result = getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
  if (result != 0) return Fail(ErrorKind::kUnavailable, "resolve: {}", gai_strerror(result));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);

  Error last{ErrorKind::kUnavailable, "no address"};
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    UniqueFd fd(socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) {
      last = {ErrorKind::kLimit,
              fmt::format("no socket: {}", std::generic_category().message(errno))};
      continue;
    }
    const Status status = ConnectSocket(fd.get(), address->ai_addr, address->ai_addrlen, deadline);
    if (status) {
      const int on = 1;
      setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return fd;
    }
    last = status.error();
  }
  return Fail(last);
}

}  // namespace

std::string Address::Text() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

Result<std::shared_ptr<TlsContext>> TlsContext::ForClient(const Options& options) {
  const auto fail = [](std::string_view what, const std::string& file) {
    return Fail(ErrorKind::kMalformed, "{} {}: {}", what, file, TlsErrorText());
  };
  SSL_CTX* raw = SSL_CTX_new(TLS_client_method());
  if (raw == nullptr) return Fail(ErrorKind::kLimit, "no TLS context: {}", TlsErrorText());
  std::shared_ptr<TlsContext> context(new TlsContext(raw, options.verify));
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(raw, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!options.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(raw, options.ca_file.c_str(), nullptr) != 1) {
      return fail("CA file", options.ca_file);
    }
  } else if (options.verify) {
    SSL_CTX_set_default_verify_paths(raw);
  }
  if (!options.certificate_file.empty()) {
    if (SSL_CTX_use_certificate_chain_file(raw, options.certificate_file.c_str()) != 1) {
      return fail("certificate", options.certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(raw, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
      return fail("private key", options.key_file);
    }
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

void Channel::SslFree::operator()(SSL* ssl) const { SSL_free(ssl); }

Channel::Channel(UniqueFd fd) : fd_(std::move(fd)) {}
Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

Result<Channel> Channel::Connect(const Address& address, Deadline deadline) {
  auto fd = address.unix_path.empty() ? ConnectTcp(address, deadline)
                                      : ConnectUnix(address.unix_path, deadline);
  if (!fd) return Fail(fd.error().kind, "{}: {}", address.Text(), fd.error().message);
  Channel channel(std::move(*fd));
  channel.set_deadline(deadline);
  return channel;
}

Result<Channel> Channel::Adopt(UniqueFd fd) {
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return Fail(SocketError(errno, "fcntl"));
  }
  return Channel(std::move(fd));
}

Status Channel::StartTls(const std::shared_ptr<TlsContext>& context, const std::string& server_name,
                         Deadline deadline) {
  tls_context_ = context;
  tls_.reset(SSL_new(context->get()));
  if (!tls_) return Fail(ErrorKind::kLimit, "TLS: {}", TlsErrorText());
  SSL_set_fd(tls_.get(), fd_.get());
  // A name is sent (SNI) and checked as a name; an address is only checked, as an address.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), server_name.c_str()) != 1) {
    SSL_set_tlsext_host_name(tls_.get(), server_name.c_str());
    SSL_set1_host(tls_.get(), server_name.c_str());
  }
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(tls_.get());
    if (result == 1) return {};
    const long verified = SSL_get_verify_result(tls_.get());
    if (context->verify() && verified != X509_V_OK) {
      return Fail(ErrorKind::kPermission, "TLS: certificate not trusted: {}",
                  X509_verify_cert_error_string(verified));
    }
    Status status = AwaitWhatTlsWants(result);
    if (status) status = WaitForAwaited(deadline);
    if (!status) return Fail(status.error().kind, "TLS handshake: {}", status.error().message);
  }
}

// After a TLS call that did not succeed: notes what it wants, or tells why it failed.
Status Channel::AwaitWhatTlsWants(int result) {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ: awaited_ = POLLIN; return {};
    case SSL_ERROR_WANT_WRITE: awaited_ = POLLOUT; return {};
    default: return Fail(ErrorKind::kProtocol, TlsErrorText());
  }
}

Status Channel::WaitForAwaited(Deadline deadline) const {
  return WaitFor(fd_.get(), awaited_, deadline);
}

bool Channel::WaitReadable(Deadline deadline) const {
  if (tls_ && SSL_pending(tls_.get()) > 0) return true;
  return WaitFor(fd_.get(), POLLIN, deadline).has_value();
}

Result<std::size_t> Channel::Read(char* buffer, std::size_t size) {
  for (;;) {
    // Checked although a peer that always has one more byte ready never makes us wait.
    if (deadline_.Expired()) return Fail(ErrorKind::kTimeout, "no complete answer in time");
    const auto got = TryRead(buffer, size);
    if (!got) return Fail(got.error());
    if (*got) return **got;
    if (Status status = WaitForAwaited(deadline_); !status) return Fail(status.error());
  }
}

Status Channel::WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    if (deadline_.Expired()) return Fail(ErrorKind::kTimeout, "write: not taken in time");
    const auto written = TryWrite(bytes);
    if (!written) return Fail(written.error());
    bytes.remove_prefix(*written);
    if (*written > 0) continue;
    if (Status status = WaitForAwaited(deadline_); !status) return Fail(status.error());
  }
  return {};
}

Result<std::optional<std::size_t>> Channel::TryRead(char* buffer, std::size_t size) {
  if (read_budget_ == 0) return Fail(ErrorKind::kLimit, "more bytes than are accepted");
  size = std::min(size, read_budget_);
  const auto got = tls_ ? ReadTls(buffer, size) : ReadPlain(buffer, size);
  if (got) read_budget_ -= got->value_or(0);
  return got;
}

Result<std::optional<std::size_t>> Channel::ReadPlain(char* buffer, std::size_t size) {
  for (;;) {
    const ssize_t got = recv(fd_.get(), buffer, size, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Fail(SocketError(errno, "read"));
    awaited_ = POLLIN;
    return std::nullopt;
  }
}

Result<std::optional<std::size_t>> Channel::ReadTls(char* buffer, std::size_t size) {
  ERR_clear_error();
  std::size_t got = 0;
  const int result = SSL_read_ex(tls_.get(), buffer, size, &got);
  if (result == 1) return got;
  if (SSL_get_error(tls_.get(), result) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
  if (Status status = AwaitWhatTlsWants(result); !status) return Fail(status.error());
  return std::nullopt;
}

Result<std::size_t> Channel::TryWrite(std::string_view bytes) {
  if (tls_) {
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
    if (result == 1) return written;
    if (Status status = AwaitWhatTlsWants(result); !status) return Fail(status.error());
    return std::size_t{0};
  }
  const ssize_t written = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (written >= 0) return static_cast<std::size_t>(written);
  if (errno != EAGAIN && errno != EINTR) return Fail(SocketError(errno, "write"));
  awaited_ = POLLOUT;
  return std::size_t{0};
}

}  // namespace erpnext
