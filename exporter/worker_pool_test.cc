// SPDX-License-Identifier: Apache-2.0
#include "exporter/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

namespace erpnext {
namespace {

using namespace std::chrono_literals;

TEST(WorkerPool, RunsAsManyAtOnceAsItHasThreads) {
  WorkerPool pool(8, 0, 10s);
  std::latch all_there(8);
  std::atomic<int> ended = 0;
  std::latch done(8);
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(pool.Run([&] {
      all_there.arrive_and_wait();  // would hang with fewer threads
      ++ended;
      done.count_down();
    }));
  }
  done.wait();
  EXPECT_EQ(8, ended);
}

TEST(WorkerPool, RefusesWhatWouldWaitTooLong) {
  std::promise<void> release;
  std::atomic<int> ran = 0;
  const auto task = [&ran, future = release.get_future().share()] {
    future.wait();
    ++ran;
  };
  {
    WorkerPool pool(2, 3, 10s);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(pool.Run(task)) << i;
    EXPECT_FALSE(pool.Run(task));
    release.set_value();
    // A place is free as soon as the first task has gone.
    while (!pool.Run(task)) std::this_thread::yield();
    while (ran < 6) std::this_thread::yield();
  }
  EXPECT_EQ(6, ran);
}

TEST(WorkerPool, ItsEndWaitsForWhatRuns) {
  std::promise<void> started;
  std::promise<void> release;
  std::atomic<bool> ended = false;
  std::thread releaser;
  {
    WorkerPool pool(1, 1, 10s);
    ASSERT_TRUE(pool.Run([&] {
      started.set_value();
      release.get_future().wait();
      ended = true;
    }));
    started.get_future().wait();
    releaser = std::thread([&] { release.set_value(); });
  }
  EXPECT_TRUE(ended);
  releaser.join();
}

TEST(WorkerPool, IdleThreadsGoAndComeAgain) {
  WorkerPool pool(1, 1, 0ms);
  // Whether the thread of the task before has gone by now or is just going, every task finds one.
  for (int i = 0; i < 2000; ++i) {
    std::promise<void> ran;
    while (!pool.Run([&] { ran.set_value(); })) {
      std::this_thread::yield();
    }
    ran.get_future().wait();
  }
}

}  // namespace
}  // namespace erpnext
