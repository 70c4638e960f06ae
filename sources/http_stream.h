// SPDX-License-Identifier: Apache-2.0
// Lets cpp-httplib read and write through a channel, so that its parser, which bounds neither time
// nor size, sees only what the channel lets through.
#pragma once

#include <httplib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "sources/channel.h"

namespace erpnext {

// Does not own the channel. Keeps what was read ahead, which may be the next request.
class ChannelStream final : public httplib::Stream {
 public:
  explicit ChannelStream(Channel& channel) : channel_(channel) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }

  ssize_t read(char* out, std::size_t size) override {
    if (begin_ == end_) {
      const auto got = channel_.Read(buffer_.data(), buffer_.size());
      if (!got) {
        error_ = got.error();
        return -1;
      }
      begin_ = 0;
      end_ = *got;
      received_ += *got;
      closed_ = *got == 0;
    }
    const std::size_t count = std::min(size, end_ - begin_);
    std::memcpy(out, buffer_.data() + begin_, count);
    begin_ += count;
    return static_cast<ssize_t>(count);
  }

  using httplib::Stream::write;
  ssize_t write(const char* bytes, std::size_t size) override {
    if (Status status = channel_.WriteAll({bytes, size}); !status) {
      error_ = status.error();
      return -1;
    }
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return channel_.fd(); }

  bool has_buffered() const { return begin_ != end_; }
  bool closed() const { return closed_; }  // by the peer
  std::size_t received() const { return received_; }
  const std::optional<Error>& error() const { return error_; }  // of the last call that failed

 private:
  Channel& channel_;
  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t received_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace erpnext
