// SPDX-License-Identifier: Apache-2.0
// One client of the web server, between two waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/deadline.h"
#include "exporter/web_exchange.h"
#include "sources/channel.h"

namespace erpnext {

// Never waits. Not thread-safe; the loop alone uses it.
class WebConnection {
 public:
  enum class State : std::uint8_t {
    kIdle,       // waits for the first byte of a request
    kReceiving,  // has a part of a request's head
    kHandling,   // a worker makes the answer
    kSending,    // the client has not taken the whole answer
    kDraining,   // the last answer is sent; the client may still be writing
  };

  WebConnection(Channel channel, std::size_t head_bytes, Deadline first_byte)
      : channel_(std::move(channel)), head_bytes_(head_bytes), deadline_(first_byte) {}

  State state() const { return state_; }
  Deadline deadline() const { return deadline_; }
  Deadline::Clock::time_point since() const { return since_; }  // of the state
  void Enter(State state, Deadline deadline);

  // Reads what has arrived, at most one head more than is being handled. False when the connection
  // is broken.
  bool Receive();
  // Cuts the next complete head off what was received.
  std::optional<std::string> TakeHead();
  bool HasInput() const { return !input_.empty(); }
  bool ended() const { return ended_; }  // the client sends no more; it may still read
  // Why there will never be a complete head, if that is so.
  std::optional<Refusal> Oversize() const;

  // Starts to send. False when the connection is broken.
  bool Send(WebAnswer answer);
  bool ContinueSending();
  std::size_t unsent() const;  // bytes
  bool keep_alive() const { return answer_.keep_alive; }

  // Tells the client that nothing more comes. Closing at once would make the kernel answer what the
  // client still sends with a reset, and the client would lose the answer.
  void EndSending();
  // The client will get a reset, and nothing that it has not taken yet.
  void Abort();
  // Drops what arrives. False when there is no reason to wait for more.
  bool Drain();

  int fd() const { return channel_.fd(); }
  short awaited() const { return channel_.awaited(); }  // events for poll(2), after the last call

  std::size_t requests = 0;   // that were taken
  std::uint32_t watched = 0;  // events, by the loop

 private:
  Channel channel_;
  const std::size_t head_bytes_;
  State state_ = State::kIdle;
  Deadline deadline_;
  Deadline::Clock::time_point since_ = Deadline::Clock::now();

  std::string input_;
  std::size_t searched_ = 0;  // of the input, for the end of the head
  bool ended_ = false;
  WebAnswer answer_;
  std::size_t sent_ = 0;
  std::size_t drained_ = 0;
};

}  // namespace erpnext
