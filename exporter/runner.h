// SPDX-License-Identifier: Apache-2.0
// Runs one collector on its own thread: once per scrape or at its own pace, with a deadline.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "collectors/collector.h"
#include "core/clock.h"
#include "core/deadline.h"
#include "exporter/collector_stats.h"
#include "exporter/snapshot.h"

namespace erpnext {

struct RunnerOptions {
  std::string name;
  std::chrono::milliseconds interval{};  // zero: only on request
  std::chrono::milliseconds timeout{};
  std::vector<const Family*> families;  // what its sink accepts
  SampleSink::Limits limits;
  // A result younger than this serves further requests too.
  std::chrono::milliseconds reuse{1000};
  // At its own pace, but after a failure no later than this: figures come back soon after what they
  // are read from.
  std::chrono::milliseconds retry{15'000};
};

// What the rest of the process may know of a collector at one moment.
struct CollectorView {
  std::string name;
  bool paced = false;
  std::shared_ptr<const Snapshot> snapshot;  // null: no fresh samples
  std::optional<bool> success;               // nothing: no run has ended yet
  bool late = false;                         // a run has passed its deadline and not returned
  double duration_seconds = 0;               // of the last run that ended
  std::optional<SteadyTime> finished;        // when that was
  std::optional<Error> error;                // of the last run, or that it is late
  std::shared_ptr<const CollectorStats> stats;
};

// Called when a collector begins to fail, fails in another way, or recovers.
using StateChange = std::function<void(const std::string& collector, const Status& status)>;

// Thread-safe. The thread keeps the runner alive, so a collector that never returns harms nobody.
class Runner : public std::enable_shared_from_this<Runner> {
 public:
  // Numbers the runs; a later run has a higher number.
  using Ticket = std::uint64_t;

  Runner(RunnerOptions options, std::unique_ptr<Collector> collector,
         std::shared_ptr<CollectorStats> stats, const Clock& clock, StateChange on_change);

  void Start();

  // Asks for a result. Joins a run that is in flight, takes one that is fresh, else starts one,
  // which has to end by the deadline or the collector's own timeout, whichever is earlier.
  Ticket Request(Deadline deadline);

  // Returns when the run of the ticket has ended, is late, or the deadline has passed.
  void Wait(Ticket ticket, Deadline deadline);

  // With a ticket: a snapshot only if that run or a later one has ended.
  CollectorView View(std::optional<Ticket> ticket = std::nullopt);

  // Asks the thread to end. True when it has ended by the deadline; if not, it is left alone.
  void RequestStop();
  bool Join(Deadline deadline);

 private:
  struct Outcome {
    Ticket ticket = 0;
    std::shared_ptr<const Snapshot> snapshot;
    Status status;
    double duration_seconds = 0;
    SteadyTime finished;
  };

  void Main();
  bool WaitForWork(std::unique_lock<std::mutex>& lock);
  Outcome RunOnce(Deadline deadline);
  void Publish(Outcome outcome);
  void Report(const Status& status);
  bool IsLate();
  std::chrono::milliseconds JitteredInterval(bool failed);

  const RunnerOptions options_;
  const std::unique_ptr<Collector> collector_;
  const std::shared_ptr<CollectorStats> stats_;
  const Clock& clock_;
  const StateChange on_change_;

  std::mutex mutex_;
  std::condition_variable wake_;   // work or stop
  std::condition_variable ended_;  // a run or the thread ended
  std::thread thread_;
  std::minstd_rand random_{std::random_device{}()};

  // Guarded by mutex_.
  bool stopping_ = false;
  bool thread_ended_ = true;
  bool requested_ = false;
  bool running_ = false;
  bool counted_late_ = false;
  Ticket current_ = 0;  // of the run in flight, or of the last one
  Deadline run_deadline_{Deadline::Clock::time_point::max()};
  Deadline::Clock::time_point next_due_{};
  std::optional<Outcome> last_;
  std::optional<ErrorKind> reported_failure_;
};

}  // namespace erpnext
