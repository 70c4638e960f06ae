// SPDX-License-Identifier: Apache-2.0
// A bounded queue and its threads.
#include "exporter/worker_pool.h"

#include <system_error>
#include <thread>
#include <utility>

namespace erpnext {

WorkerPool::WorkerPool(std::size_t max_threads, std::size_t max_waiting,
                       std::chrono::milliseconds idle)
    : max_threads_(max_threads), max_waiting_(max_waiting), idle_time_(idle) {}

WorkerPool::~WorkerPool() {
  std::unique_lock lock(mutex_);
  stop_ = true;
  waiting_.clear();
  work_.notify_all();
  ended_.wait(lock, [&] { return threads_ == 0; });
}

bool WorkerPool::Run(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  const bool served = waiting_.size() < idle_ || StartThread();
  if (!served && (threads_ == 0 || waiting_.size() >= idle_ + max_waiting_)) return false;
  waiting_.push_back(std::move(task));
  work_.notify_one();
  return true;
}

// False when there are enough, or the system has no more.
bool WorkerPool::StartThread() {
  if (threads_ >= max_threads_) return false;
  try {
    std::thread(&WorkerPool::Work, this).detach();
  } catch (const std::system_error&) {
    return false;
  }
  ++threads_;
  ++idle_;  // from now on, so that nobody starts another one for the same task
  return true;
}

// Touches nothing of the pool after it has given back the lock for the last time.
void WorkerPool::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool woken = work_.wait_for(lock, idle_time_, [&] { return stop_ || !waiting_.empty(); });
    --idle_;
    if (stop_ || !woken) break;
    {
      const auto task = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      task();
    }
    lock.lock();
    ++idle_;
  }
  --threads_;
  ended_.notify_all();
}

}  // namespace erpnext
