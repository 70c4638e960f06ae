// SPDX-License-Identifier: Apache-2.0
// A connection whose every wait ends at an absolute deadline and whose peer cannot send more than
// a set number of bytes. TCP or unix socket, with or without TLS.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/unique_fd.h"

namespace erpnext {

struct Address {
  std::string unix_path;  // not empty: a unix socket, the rest is ignored
  std::string host;
  std::uint16_t port = 0;

  std::string Text() const;  // "unix:/path", "host:port", "[::1]:port"
  friend bool operator==(const Address&, const Address&) = default;
};

// What both sides of many connections share: trusted certificates, protocol versions.
// Thread-safe once made.
class TlsContext {
 public:
  struct Options {
    bool verify = true;
    std::string ca_file;  // empty: those the system trusts
    std::string certificate_file;
    std::string key_file;
  };

  // TLS 1.2 or newer. Malformed when a file cannot be used.
  static Result<std::shared_ptr<TlsContext>> ForClient(const Options& options);
  ~TlsContext();

  SSL_CTX* get() const { return context_; }
  bool verify() const { return verify_; }

 private:
  TlsContext(SSL_CTX* context, bool verify) : context_(context), verify_(verify) {}

  SSL_CTX* context_;
  bool verify_;
};

// One user at a time. A channel that returned an error is of no further use.
class Channel {
 public:
  // Unavailable: no such host or socket; refused: nobody listens; timeout. Resolving a name that
  // is no address can take longer than the deadline: getaddrinfo knows none.
  static Result<Channel> Connect(const Address& address, Deadline deadline);

  // Takes over a connected, e.g. accepted, socket.
  static Result<Channel> Adopt(UniqueFd fd);

  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  ~Channel();

  // Shakes hands as a client of `server_name` (SNI and, if the context verifies, the certificate).
  // Protocol when the handshake fails, permission when the certificate is not trusted.
  Status StartTls(const std::shared_ptr<TlsContext>& context, const std::string& server_name,
                  Deadline deadline);

  void set_deadline(Deadline deadline) { deadline_ = deadline; }
  // How many more bytes Read may deliver; beyond them it returns limit.
  void set_read_budget(std::size_t bytes) { read_budget_ = bytes; }

  // At least one byte, or 0 when the peer has closed its side. Waits until the deadline.
  Result<std::size_t> Read(char* buffer, std::size_t size);
  Status WriteAll(std::string_view bytes);

  // The same for one who waits for many channels at once: nothing, and zero bytes written, when it
  // would have to wait; awaited() then tells for which poll(2) events. They heed no deadline.
  Result<std::optional<std::size_t>> TryRead(char* buffer, std::size_t size);
  Result<std::size_t> TryWrite(std::string_view bytes);
  short awaited() const { return awaited_; }

  // True when bytes can be read, or the peer has closed, before the deadline.
  bool WaitReadable(Deadline deadline) const;

  int fd() const { return fd_.get(); }

 private:
  explicit Channel(UniqueFd fd);

  Status WaitForAwaited(Deadline deadline) const;
  Result<std::optional<std::size_t>> ReadPlain(char* buffer, std::size_t size);
  Result<std::optional<std::size_t>> ReadTls(char* buffer, std::size_t size);
  Status AwaitWhatTlsWants(int result);

  struct SslFree {
    void operator()(SSL* ssl) const;
  };

  UniqueFd fd_;
  std::shared_ptr<TlsContext> tls_context_;
  std::unique_ptr<SSL, SslFree> tls_;
  short awaited_ = 0;
  Deadline deadline_{Deadline::Clock::time_point::max()};
  std::size_t read_budget_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace erpnext
