// SPDX-License-Identifier: Apache-2.0
#include "sources/rq_readings.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/testing/manual_clock.h"
#include "sources/testing/fake_redis.h"

namespace erpnext {
namespace {

class RqReadingsTest : public testing::Test {
 protected:
  std::shared_ptr<const RqOutcome> Read(
      std::uint64_t seen, Deadline deadline = Deadline::After(std::chrono::seconds(5))) {
    return readings_.Read(
        endpoint_, {{"short"}, {""}}, seen, clock_,
        [this](const RedisEndpoint&) { return std::make_unique<FakeRedisConnection>(redis_); },
        deadline);
  }

  std::shared_ptr<FakeRedis> redis_ = std::make_shared<FakeRedis>();
  ManualClock clock_ = ManualClock::AtUnix(1'000'000);
  RedisEndpoint endpoint_ = ParseRedisUrl("redis://127.0.0.1:11000").value();
  RqReadings readings_;
};

TEST_F(RqReadingsTest, AFreshReadingIsGivenToEachCallerOnce) {
  const auto first = Read(0);
  EXPECT_TRUE(first->status);
  EXPECT_EQ(first, Read(0)) << "another caller";
  const auto second = Read(first->number);
  EXPECT_GT(second->number, first->number);
  EXPECT_EQ(second, Read(first->number));
}

TEST_F(RqReadingsTest, AnOldReadingIsGivenToNobody) {
  const auto first = Read(0);
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_NE(first, Read(0));
}

TEST_F(RqReadingsTest, AFailureIsSharedToo) {
  redis_->failure = [] { return Error{ErrorKind::kRefused, "connection refused"}; };
  const auto first = Read(0);
  EXPECT_FALSE(first->status);
  EXPECT_EQ(first, Read(0));
  EXPECT_EQ(1u, redis_->round_trips);
}

TEST_F(RqReadingsTest, WhoComesMeanwhileWaitsAndHasTheSame) {
  std::atomic<bool> reading = false, go_on = false;
  redis_->failure = [&]() -> std::optional<Error> {
    reading = true;
    reading.notify_all();
    go_on.wait(false);
    return std::nullopt;
  };
  std::shared_ptr<const RqOutcome> first, second;
  std::thread one([&] { first = Read(0); });
  reading.wait(false);
  const auto late = Read(0, Deadline::After(std::chrono::milliseconds(1)));
  EXPECT_EQ(ErrorKind::kTimeout, late->status.error().kind);
  EXPECT_TRUE(late->reading.queues.empty());
  std::thread other([&] { second = Read(0); });
  go_on = true;
  go_on.notify_all();
  one.join();
  other.join();
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace erpnext
