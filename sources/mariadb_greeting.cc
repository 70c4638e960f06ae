// SPDX-License-Identifier: Apache-2.0
// Peeks at a server's first packet.
#include "sources/mariadb_greeting.h"

#include <poll.h>
#include <sys/socket.h>

#include <cstdint>

namespace erpnext {

bool IsConnected(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

Result<bool> LooksLikeGreeting(int fd, Deadline deadline) {
  constexpr std::size_t kWanted = 5;
  constexpr std::size_t kLongestGreeting = 4096;
  const auto wait_for_bytes = [&](int count) {
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &count, sizeof count);
  };
  wait_for_bytes(kWanted);
  pollfd waiting{fd, POLLIN, 0};
  const int ready = poll(&waiting, 1, deadline.RemainingMillis());
  wait_for_bytes(1);
  if (ready == 0) return Fail(ErrorKind::kTimeout, "no greeting in time");
  std::uint8_t head[kWanted]{};
  const ssize_t got = recv(fd, head, sizeof head, MSG_PEEK);
  if (got < static_cast<ssize_t>(kWanted)) return true;
  const unsigned length = head[0] + (unsigned{head[1]} << 8U) + (unsigned{head[2]} << 16U);
  return length <= kLongestGreeting && head[3] == 0 &&
         (head[4] == 9 || head[4] == 10 || head[4] == 0xFF);
}

}  // namespace erpnext
