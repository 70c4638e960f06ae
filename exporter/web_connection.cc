// SPDX-License-Identifier: Apache-2.0
// Bytes in, heads out; answers in, bytes out.
#include "exporter/web_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace erpnext {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMaxDrained = std::size_t{16} << 20;
constexpr std::size_t kDrainAtOnce = std::size_t{256} << 10;  // then others have their turn

}  // namespace

void WebConnection::Enter(State state, Deadline deadline) {
  state_ = state;
  deadline_ = deadline;
  since_ = Deadline::Clock::now();
}

bool WebConnection::Receive() {
  std::array<char, 4096> buffer;
  while (!ended_ && input_.size() < head_bytes_) {
    const std::size_t room = std::min(buffer.size(), head_bytes_ - input_.size());
    const auto got = channel_.TryRead(buffer.data(), room);
    if (!got) return false;
    if (!*got) break;
    ended_ = **got == 0;
    input_.append(buffer.data(), **got);
  }
  return true;
}

std::optional<std::string> WebConnection::TakeHead() {
  // Some clients send an empty line behind a body; one before a request is to be ignored.
  const std::size_t begin = input_.starts_with("\r\n") ? 2 : 0;
  const std::size_t end = input_.find(kHeadEnd, std::max(begin, searched_));
  if (end == std::string::npos) {
    searched_ = input_.size() - std::min(input_.size(), kHeadEnd.size() - 1);
    return std::nullopt;
  }
  const std::size_t length = end + kHeadEnd.size();
  std::string head = input_.substr(begin, length - begin);
  input_.erase(0, length);
  // Many idle clients must not each keep the room of their longest request.
  if (input_.empty()) input_ = std::string();
  searched_ = 0;
  ++requests;
  return head;
}

std::optional<Refusal> WebConnection::Oversize() const {
  if (input_.size() < head_bytes_) return std::nullopt;
  if (input_.find('\n') == std::string::npos) return Refusal{414, "the first line is too long"};
  return Refusal{431, "the headers are too long"};
}

bool WebConnection::Send(WebAnswer answer) {
  answer_ = std::move(answer);
  sent_ = 0;
  return ContinueSending();
}

std::size_t WebConnection::unsent() const {
  return answer_.head.size() + answer_.body.size() - sent_;
}

bool WebConnection::ContinueSending() {
  while (unsent() > 0) {
    const bool in_head = sent_ < answer_.head.size();
    const std::string_view rest =
        in_head ? std::string_view(answer_.head).substr(sent_)
                : std::string_view(answer_.body).substr(sent_ - answer_.head.size());
    const auto written = channel_.TryWrite(rest);
    if (!written) return false;
    if (*written == 0) return true;
    sent_ += *written;
  }
  answer_.head = std::string();
  answer_.body = std::string();
  sent_ = 0;
  return true;
}

void WebConnection::EndSending() { shutdown(channel_.fd(), SHUT_WR); }

void WebConnection::Abort() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(channel_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool WebConnection::Drain() {
  std::array<char, 16384> buffer;
  for (std::size_t at_once = 0; at_once < kDrainAtOnce;) {
    const auto got = ended_ ? Result<std::optional<std::size_t>>(0)
                            : channel_.TryRead(buffer.data(), buffer.size());
    if (!got || (*got && **got == 0)) return false;
    if (!*got) return true;
    at_once += **got;
    drained_ += **got;
    if (drained_ > kMaxDrained) return false;
  }
  return true;
}

}  // namespace erpnext
