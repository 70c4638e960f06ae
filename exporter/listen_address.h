// SPDX-License-Identifier: Apache-2.0
// What --web.listen-address means, and the listening socket it leads to.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/result.h"
#include "sources/channel.h"
#include "sources/unique_fd.h"

namespace erpnext {

// ":10470" (all interfaces: the host is empty), "127.0.0.1:10470", "[::1]:0", "localhost:0",
// "unix:/run/exporter.sock". Malformed, with the right spelling, when it is none of them.
Result<Address> ParseListenAddress(std::string_view text);

// A socket that listens. One of a unix address owns the socket file and removes it at its end,
// unless somebody else has put another one there meanwhile.
class Listener {
 public:
  // Errors name the address and what to do. A host name is bound at its first address, IPv4 before
  // IPv6. A socket file that a dead process has left behind is replaced.
  static Result<Listener> Open(const std::string& address);

  Listener(Listener&&) noexcept = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int fd() const { return fd_.get(); }
  const std::string& bound() const { return bound_; }  // with the port that was really taken

 private:
  Listener(UniqueFd fd, std::string bound) : fd_(std::move(fd)), bound_(std::move(bound)) {}
  static Result<Listener> OpenUnix(const std::string& path);
  static Result<Listener> OpenTcp(const Address& address);

  UniqueFd fd_;
  std::string bound_;
  std::string path_;  // of a unix socket
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace erpnext
