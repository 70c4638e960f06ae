// SPDX-License-Identifier: Apache-2.0
// One collector, one thread.
#include "exporter/runner.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <typeinfo>
#include <utility>

namespace erpnext {
namespace {

// Others share the run of a scrape that is in a hurry, so it gets at least this long.
constexpr std::chrono::milliseconds kLeastTime{500};
// A collector that keeps its deadline needs a moment to return.
constexpr std::chrono::milliseconds kGrace{200};

// what() of an exception may quote the input, secrets included: only its type is told.
std::string TypeName(const std::exception& exception) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(typeid(exception).name(), nullptr, nullptr, &status), std::free);
  return name ? name.get() : typeid(exception).name();
}

Status CollectBehindBarrier(Collector& collector, Deadline deadline, SampleSink& sink) {
  try {
    Status status = collector.Collect(deadline, sink);
    if (!sink.misuse()) return Fail(sink.misuse().error());
    return status;
  } catch (const std::exception& exception) {
    return Fail(ErrorKind::kMalformed, "unexpected exception of type {}", TypeName(exception));
  } catch (...) {
    return Fail(ErrorKind::kMalformed, "unexpected exception");
  }
}

Error LateError() {
  return {ErrorKind::kTimeout, "has not returned by its deadline; not started again until it does"};
}

Error NotInTimeError() { return {ErrorKind::kTimeout, "no result by the deadline of this scrape"}; }

}  // namespace

Runner::Runner(RunnerOptions options, std::unique_ptr<Collector> collector,
               std::shared_ptr<CollectorStats> stats, const Clock& clock, StateChange on_change)
    : options_(std::move(options)),
      collector_(std::move(collector)),
      stats_(std::move(stats)),
      clock_(clock),
      on_change_(std::move(on_change)) {}

void Runner::Start() {
  const std::lock_guard lock(mutex_);
  thread_ended_ = false;
  next_due_ = Deadline::Clock::now();
  thread_ = std::thread([self = shared_from_this()] { self->Main(); });
}

Runner::Ticket Runner::Request(Deadline deadline) {
  const std::lock_guard lock(mutex_);
  if (running_) return current_;
  if (last_ && !requested_ && clock_.Steady() - last_->finished < options_.reuse) {
    return last_->ticket;
  }
  if (!requested_) {
    requested_ = true;
    const auto least = Deadline::After(std::min(options_.timeout, kLeastTime));
    run_deadline_ =
        Deadline(std::max(deadline.at(), least.at())).Earlier(Deadline::After(options_.timeout));
    wake_.notify_one();
  }
  return current_ + 1;
}

void Runner::Wait(Ticket ticket, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return thread_ended_ || (last_ && last_->ticket >= ticket); };
  const auto until = deadline.Earlier(Deadline(run_deadline_.at() + kGrace)).at();
  ended_.wait_until(lock, until, done);
}

CollectorView Runner::View(std::optional<Ticket> ticket) {
  const std::lock_guard lock(mutex_);
  CollectorView view;
  view.name = options_.name;
  view.paced = options_.interval.count() != 0;
  view.stats = stats_;
  view.late = IsLate();
  const bool fresh = last_ && (!ticket || last_->ticket >= *ticket) && !view.late;
  if (last_) {
    view.duration_seconds = last_->duration_seconds;
    view.finished = last_->finished;
  }
  if (fresh) {
    view.snapshot = last_->snapshot;
    view.success = last_->status.has_value();
    if (!last_->status) view.error = last_->status.error();
  } else if (view.late || ticket) {
    view.success = false;
    view.error = view.late ? LateError() : NotInTimeError();
  }
  return view;
}

void Runner::RequestStop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
}

bool Runner::Join(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable()) return thread_ended_;
  if (!ended_.wait_until(lock, deadline.at(), [&] { return thread_ended_; })) {
    thread_.detach();
    return false;
  }
  lock.unlock();
  thread_.join();
  return true;
}

void Runner::Main() {
  std::unique_lock lock(mutex_);
  while (WaitForWork(lock)) {
    running_ = true;
    requested_ = false;
    counted_late_ = false;
    ++current_;
    const Deadline deadline = run_deadline_;
    lock.unlock();
    Outcome outcome = RunOnce(deadline);
    lock.lock();
    outcome.ticket = current_;
    running_ = false;
    next_due_ = Deadline::Clock::now() + JitteredInterval(!outcome.status);
    Publish(std::move(outcome));
    ended_.notify_all();
  }
  thread_ended_ = true;
  ended_.notify_all();
}

// False when the thread has to end.
bool Runner::WaitForWork(std::unique_lock<std::mutex>& lock) {
  const auto ready = [&] { return stopping_ || requested_; };
  if (options_.interval.count() == 0) {
    wake_.wait(lock, ready);
  } else if (!wake_.wait_until(lock, next_due_, ready)) {
    run_deadline_ = Deadline::After(options_.timeout);
  }
  return !stopping_;
}

Runner::Outcome Runner::RunOnce(Deadline deadline) {
  SampleSink sink(options_.families, options_.limits);
  Outcome outcome;
  const auto begin = Deadline::Clock::now();
  outcome.status = CollectBehindBarrier(*collector_, deadline, sink);
  outcome.duration_seconds = Seconds(Deadline::Clock::now() - begin);
  outcome.snapshot = std::make_shared<const Snapshot>(sink.Take());
  outcome.finished = clock_.Steady();
  stats_->dropped_over_limit += sink.dropped().over_limit;
  stats_->dropped_duplicate += sink.dropped().duplicate;
  stats_->dropped_invalid_name += sink.dropped().invalid_name;
  if (outcome.status) {
    stats_->last_success_unix = UnixSeconds(clock_.Wall());
  } else {
    stats_->CountError(outcome.status.error().kind);
  }
  return outcome;
}

void Runner::Publish(Outcome outcome) {
  Report(outcome.status);
  last_ = std::move(outcome);
}

void Runner::Report(const Status& status) {
  const std::optional<ErrorKind> failure =
      status ? std::nullopt : std::optional(status.error().kind);
  if (failure == reported_failure_) return;
  reported_failure_ = failure;
  if (on_change_) on_change_(options_.name, status);
}

// Counted once per run, by whoever sees it first.
bool Runner::IsLate() {
  const bool late = running_ && Deadline::Clock::now() > run_deadline_.at() + kGrace;
  if (late && !counted_late_) {
    counted_late_ = true;
    stats_->CountError(ErrorKind::kTimeout);
    Report(Fail(LateError()));
  }
  return late;
}

// A tenth to either side, so that collectors do not stay in step with each other.
std::chrono::milliseconds Runner::JitteredInterval(bool failed) {
  std::uniform_real_distribution<double> factor(0.9, 1.1);
  const auto interval = failed ? std::min(options_.interval, options_.retry) : options_.interval;
  return std::chrono::duration_cast<std::chrono::milliseconds>(interval * factor(random_));
}

}  // namespace erpnext
