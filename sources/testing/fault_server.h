// SPDX-License-Identifier: Apache-2.0
// A server that misbehaves in a chosen way, for tests of clients.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sources/channel.h"
#include "sources/unique_fd.h"

namespace erpnext {

// Listens on a free loopback port; handles each connection on a thread of its own until the
// handler returns or the server is destroyed.
class FaultServer {
 public:
  // What a handler may do with its connection.
  class Connection {
   public:
    Connection(int fd, int stop) : fd_(fd), stop_(stop) {}

    // False when the server is being destroyed or the client has gone.
    bool Send(std::string_view bytes) const {
      while (!bytes.empty()) {
        pollfd waiting[] = {{fd_, POLLOUT, 0}, {stop_, POLLIN, 0}};
        if (poll(waiting, 2, -1) < 0 || waiting[1].revents != 0) return false;
        const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    }

    // Waits for bytes; empty when the client has closed or the server is being destroyed.
    std::string Receive() const {
      pollfd waiting[] = {{fd_, POLLIN, 0}, {stop_, POLLIN, 0}};
      if (poll(waiting, 2, -1) < 0 || waiting[1].revents != 0) return {};
      char buffer[65536];
      const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
    }

    // Returns after the pause; false when the server is being destroyed.
    bool Pause(int milliseconds) const {
      pollfd waiting{stop_, POLLIN, 0};
      return poll(&waiting, 1, milliseconds) == 0;
    }

    void HangUntilStopped() const { Pause(-1); }

   private:
    int fd_;
    int stop_;
  };
  using Handler = std::function<void(const Connection&)>;

  explicit FaultServer(Handler handler)
      : handler_(std::move(handler)),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        stop_(eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.get(), generic, size) != 0 || listen(listener_.get(), 16) != 0 ||
        getsockname(listener_.get(), generic, &size) != 0) {
      throw std::runtime_error("no listening socket");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Accept(); });
  }

  ~FaultServer() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
    for (std::thread& thread : connections_) thread.join();
  }

  Address address() const { return {"", "127.0.0.1", port_}; }

  static Handler Hangs() {
    return [](const Connection& c) { c.HangUntilStopped(); };
  }
  static Handler Drips(std::string text, int milliseconds) {
    return [=](const Connection& c) {
      for (std::size_t i = 0; c.Pause(milliseconds); ++i) {
        if (!c.Send({&text[i % text.size()], 1})) return;
      }
    };
  }
  static Handler Answers(std::string text) {
    return [=](const Connection& c) {
      if (c.Receive().empty()) return;
      c.Send(text);
      c.HangUntilStopped();
    };
  }
  // Repeats `text` for as long as the client takes it.
  static Handler Floods(std::string text) {
    return [=](const Connection& c) {
      while (c.Send(text)) {
      }
    };
  }

 private:
  void Accept() {
    for (;;) {
      pollfd waiting[] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      if (poll(waiting, 2, -1) < 0 || waiting[1].revents != 0) return;
      const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      connections_.emplace_back([this, fd] {
        const UniqueFd owned(fd);
        handler_(Connection(fd, stop_.get()));
      });
    }
  }

  Handler handler_;
  UniqueFd listener_;
  UniqueFd stop_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::vector<std::thread> connections_;
};

}  // namespace erpnext
