// SPDX-License-Identifier: Apache-2.0
// Threads that come with the work and go without it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace erpnext {

// Thread-safe.
class WorkerPool {
 public:
  WorkerPool(std::size_t max_threads, std::size_t max_waiting, std::chrono::milliseconds idle);
  // Tasks that wait are dropped; returns when those that run have ended.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when all threads are busy and enough tasks wait. A task must not throw.
  bool Run(std::function<void()> task);

 private:
  bool StartThread();
  void Work();

  const std::size_t max_threads_;
  const std::size_t max_waiting_;
  const std::chrono::milliseconds idle_time_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable ended_;
  std::deque<std::function<void()>> waiting_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool stop_ = false;
};

}  // namespace erpnext
