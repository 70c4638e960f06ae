// SPDX-License-Identifier: Apache-2.0
// For tests of collectors that read a queue Redis.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "sources/testing/fake_redis.h"

namespace erpnext {

class RqFixture : public testing::Test {
 protected:
  static constexpr double kNow = 1'795'486'460.5;  // 2026-11-24T02:14:20.5Z

  explicit RqFixture(const CollectorEntry& entry) : entry_(entry) {
    context_.clock = &clock_;
    context_.settings.host_name = "erp1";
    context_.connect_redis = [this](const RedisEndpoint& endpoint) {
      endpoints_.push_back(endpoint);
      return std::make_unique<FakeRedisConnection>(redis_);
    };
  }

  // With a Redis at this port of this host.
  static Bench BenchWithRedis(const std::string& name, std::string_view json = "{}") {
    Bench bench = MakeBench(name, json);
    bench.redis_queue = ParseRedisUrl("redis://127.0.0.1:11000").value();
    return bench;
  }
  void PublishOne(const Bench& bench) { Publish(context_, {bench}); }

  void AddWorker(const std::string& name, FakeRedis::Hash hash) {
    Members("rq:workers").insert("rq:worker:" + name);
    redis_->keys["rq:worker:" + name] = std::move(hash);
  }
  void AddQueue(const std::string& rq_name, FakeRedis::List jobs) {
    Members("rq:queues").insert("rq:queue:" + rq_name);
    if (!jobs.empty()) redis_->keys["rq:queue:" + rq_name] = std::move(jobs);
  }

  Collected Run() {
    if (!collector_) collector_ = entry_.make(context_);
    return Collect(entry_, *collector_);
  }
  std::size_t RoundTripsOfRun() {
    const std::size_t before = redis_->round_trips;
    EXPECT_TRUE(Run().status);
    return redis_->round_trips - before;
  }

  static std::string Jobs(std::string_view bench, std::string_view queue, std::string_view state) {
    return fmt::format(R"(erpnext_queue_jobs{{bench="{}",queue="{}",state="{}"}})", bench, queue,
                       state);
  }
  // A family whose labels are bench="frappe-bench" and queue.
  static std::string OfQueue(std::string_view family, std::string_view queue) {
    return fmt::format(R"({}{{bench="frappe-bench",queue="{}"}})", family, queue);
  }
  static std::string Workers(std::string_view queue, std::string_view state) {
    return fmt::format(R"(erpnext_queue_workers{{bench="frappe-bench",queue="{}",state="{}"}})",
                       queue, state);
  }

  const CollectorEntry& entry_;
  std::shared_ptr<FakeRedis> redis_ = std::make_shared<FakeRedis>();
  ManualClock clock_ = ManualClock::AtUnix(kNow);
  CollectorContext context_;
  std::vector<RedisEndpoint> endpoints_;
  std::unique_ptr<Collector> collector_;
  const std::string own_ = "home-frappe-frappe-bench:";
  const Bench bench_ = BenchWithRedis("frappe-bench", R"({"workers": {"reports": {}}})");

 private:
  FakeRedis::Set& Members(const std::string& key) {
    return std::get<FakeRedis::Set>(redis_->keys.try_emplace(key, FakeRedis::Set()).first->second);
  }
};

}  // namespace erpnext
