// SPDX-License-Identifier: Apache-2.0
// Waits for events and moves each connection as far as it goes without waiting.
#include "exporter/web_loop.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <tuple>
#include <utility>

namespace erpnext {
namespace {

using State = WebConnection::State;
using std::chrono::milliseconds;

constexpr std::uint64_t kWakeId = 0;      // listeners have the ids from 1 on, then clients
constexpr milliseconds kSweepEvery{100};  // bounds need no finer clock
constexpr milliseconds kIdleThread{10'000};
constexpr int kAcceptAtOnce = 64;

std::size_t Index(std::uint64_t listener_id) { return listener_id - 1; }

}  // namespace

WebLoop::WebLoop(WebRoutes& routes, const WebLimits& limits, std::vector<Listener> listeners)
    : routes_(routes),
      limits_(limits),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      listeners_(std::move(listeners)),
      next_id_(listeners_.size() + 1),
      pool_(limits.threads, limits.queue, kIdleThread) {
  if (!epoll_.valid() || !wake_.valid()) {
    throw std::system_error(errno, std::generic_category(), "web server");
  }
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeId}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  WatchListeners(true);
}

void WebLoop::Run() {
  std::array<epoll_event, 64> events;
  while (!Finished()) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), WaitMillis());
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      HandleEvent(event.data.u64, event.events);
    }
    Sweep();
  }
  clients_.clear();
}

void WebLoop::Stop(Deadline deadline) {
  const std::lock_guard lock(mutex_);
  stop_ = deadline;
  eventfd_write(wake_.get(), 1);
}

int WebLoop::WaitMillis() const {
  const bool nothing_expires = clients_.empty() && accepting_;
  return nothing_expires ? -1 : static_cast<int>(kSweepEvery.count());
}

bool WebLoop::Finished() const { return stopping_ && (clients_.empty() || stopping_->Expired()); }

void WebLoop::HandleEvent(Id id, std::uint32_t events) {
  if (id == kWakeId) return HandleWake();
  if (id <= listeners_.size()) return Accept(listeners_[Index(id)]);
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;  // closed by an earlier event of the same wait
  WebConnection& client = found->second;
  const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
  switch (client.state()) {
    case State::kIdle:
    case State::kReceiving: return Advance(id, client);
    case State::kHandling: return gone ? Close(id) : void();
    case State::kSending:
      if (gone || !client.ContinueSending()) return Close(id);
      return AfterSending(id, client);
    case State::kDraining:
      if (!client.Drain()) Close(id);
  }
}

void WebLoop::HandleWake() {
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
  std::vector<Completion> completed;
  std::optional<Deadline> stop;
  {
    const std::lock_guard lock(mutex_);
    completed.swap(completed_);
    stop = stop_;
  }
  if (stop && !stopping_) BeginStop(*stop);
  for (Completion& completion : completed) {
    const auto found = clients_.find(completion.id);
    // The client may have gone, or been told that it takes too long.
    if (found == clients_.end() || found->second.state() != State::kHandling) continue;
    Answer(completion.id, found->second, std::move(completion.answer));
  }
}

void WebLoop::BeginStop(Deadline deadline) {
  stopping_ = deadline;
  listeners_.clear();
  std::erase_if(clients_, [](const auto& entry) {
    return entry.second.state() == State::kIdle || entry.second.state() == State::kReceiving;
  });
}

void WebLoop::Accept(const Listener& listener) {
  for (int i = 0; i < kAcceptAtOnce; ++i) {
    UniqueFd fd(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd.valid()) {
      AddClient(std::move(fd));
      continue;
    }
    // Of other errors the connection that was to be accepted is the cause, and gone.
    const bool exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    // Without a free descriptor accept fails even when nobody waits. Only the event, which comes
    // again, tells that somebody does.
    if (exhausted && i == 0 && !EvictOne()) WatchListeners(false);  // until the next sweep
    if (exhausted || errno == EAGAIN) return;
  }
}

void WebLoop::AddClient(UniqueFd fd) {
  if (clients_.size() >= limits_.connections && !EvictOne()) return;
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // no effect on unix sockets
  auto channel = Channel::Adopt(std::move(fd));
  if (!channel) return;
  const Id id = next_id_++;
  const auto [entry, added] = clients_.try_emplace(id, std::move(*channel), limits_.head_bytes,
                                                   Deadline::After(limits_.first_byte));
  WebConnection& client = entry->second;
  client.watched = EPOLLIN;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd(), &event) != 0) return Close(id);
  Advance(id, client);
}

void WebLoop::WatchListeners(bool on) {
  if (accepting_ == on) return;
  accepting_ = on;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i + 1}};
    epoll_ctl(epoll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listeners_[i].fd(), &event);
  }
}

// False when every connection has a request at work. Those that wait for a client go before those
// whose answer is being sent.
bool WebLoop::EvictOne() {
  const auto rank = [](const auto& entry) {
    const WebConnection& client = entry.second;
    return std::tuple(client.state() == State::kHandling, client.state() == State::kSending,
                      client.since());
  };
  const auto victim = std::min_element(clients_.begin(), clients_.end(),
                                       [&](auto& a, auto& b) { return rank(a) < rank(b); });
  if (victim == clients_.end() || victim->second.state() == State::kHandling) return false;
  Close(victim->first);
  return true;
}

void WebLoop::Advance(Id id, WebConnection& client) {
  if (!client.Receive()) return Close(id);
  if (auto head = client.TakeHead()) return Dispatch(id, client, std::move(*head));
  if (const auto refusal = client.Oversize()) return Refuse(id, client, *refusal);
  if (client.ended()) return Close(id);
  if (client.state() == State::kIdle && client.HasInput()) {
    client.Enter(State::kReceiving, Deadline::After(limits_.head));
  }
  Watch(id, client, client.awaited());
}

void WebLoop::Dispatch(Id id, WebConnection& client, std::string head) {
  client.Enter(State::kHandling, Deadline::After(limits_.answer));
  Watch(id, client, 0);
  const std::size_t most = limits_.requests_per_connection;
  const KeepAlive keep_alive{limits_.keep_alive, most - std::min(most, client.requests)};
  const bool accepted = pool_.Run([this, id, keep_alive, text = std::move(head)] {
    const auto read = ReadRequestHead(text);
    if (!read) return Complete(id, AnswerRefusal(read.error()));
    Complete(id, Exchange(*read, keep_alive,
                          [this](const WebRequest& request) { return routes_.Answer(request); }));
  });
  if (!accepted) Refuse(id, client, {503, "too many requests at once, try again later"});
}

void WebLoop::Complete(Id id, WebAnswer answer) {
  const std::lock_guard lock(mutex_);
  completed_.push_back({id, std::move(answer)});
  eventfd_write(wake_.get(), 1);
}

void WebLoop::Refuse(Id id, WebConnection& client, const Refusal& refusal) {
  client.Enter(State::kSending, Deadline::After(limits_.linger));
  Answer(id, client, AnswerRefusal(refusal));
}

void WebLoop::Answer(Id id, WebConnection& client, WebAnswer answer) {
  client.Enter(State::kSending, client.deadline());
  if (!client.Send(std::move(answer))) return Close(id);
  AfterSending(id, client);
}

void WebLoop::AfterSending(Id id, WebConnection& client) {
  if (client.unsent() > 0) {
    Watch(id, client, client.awaited());
    return BoundUnsent();
  }
  if (client.keep_alive() && !stopping_) {
    client.Enter(State::kIdle, Deadline::After(limits_.keep_alive));
    return Advance(id, client);  // the next request may be here already
  }
  client.EndSending();
  client.Enter(State::kDraining, Deadline::After(limits_.linger));
  Watch(id, client, EPOLLIN);
  if (!client.Drain() || stopping_) Close(id);
}

// Closes the slowest readers until the rest of the answers fits; the last one may exceed.
void WebLoop::BoundUnsent() {
  for (;;) {
    std::size_t total = 0;
    std::size_t senders = 0;
    const std::pair<const Id, WebConnection>* slowest = nullptr;
    for (const auto& entry : clients_) {
      if (entry.second.state() != State::kSending) continue;
      total += entry.second.unsent();
      ++senders;
      if (!slowest || entry.second.since() < slowest->second.since()) slowest = &entry;
    }
    if (total <= limits_.unsent_bytes || senders < 2) return;
    Close(slowest->first);
  }
}

void WebLoop::Sweep() {
  const auto now = Deadline::Clock::now();
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweepEvery;
  WatchListeners(true);
  std::vector<Id> expired;
  for (const auto& [id, client] : clients_) {
    if (client.deadline().at() <= now) expired.push_back(id);
  }
  for (const Id id : expired) {
    const auto found = clients_.find(id);
    if (found != clients_.end()) Expire(id, found->second);
  }
}

void WebLoop::Expire(Id id, WebConnection& client) {
  switch (client.state()) {
    case State::kReceiving: return Refuse(id, client, {408, "the request did not arrive in time"});
    case State::kHandling: return Refuse(id, client, {503, "no answer in time"});
    case State::kIdle:
    case State::kSending:
    case State::kDraining: Close(id);
  }
}

void WebLoop::Close(Id id) {
  const auto found = clients_.find(id);
  // Else the kernel would hold what the client does not take, for minutes.
  if (found->second.unsent() > 0) found->second.Abort();
  clients_.erase(found);
}

void WebLoop::Watch(Id id, WebConnection& client, short events) {
  const auto wanted = static_cast<std::uint32_t>(events);  // poll(2) and epoll(7) name them alike
  if (client.watched == wanted) return;
  client.watched = wanted;
  epoll_event event{.events = wanted, .data = {.u64 = id}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.fd(), &event);
}

}  // namespace erpnext
