// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/queues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "collectors/testing/rq_fixture.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kNever = std::numeric_limits<double>::infinity();

class QueuesTest : public RqFixture {
 protected:
  QueuesTest() : RqFixture(kQueuesCollector) {}

  static std::string Age(std::string_view queue) {
    return OfQueue("erpnext_queue_oldest_job_age_seconds", queue);
  }
};

TEST_F(QueuesTest, PublishesJobsAndTheirAges) {
  PublishOne(bench_);
  AddQueue(own_ + "short", {"s::1", "s::2", "s::3"});
  redis_->keys["rq:job:s::1"] = FakeRedis::Hash{{"enqueued_at", "2026-11-24T02:13:20.500000Z"}};
  redis_->keys["rq:job:s::3"] = FakeRedis::Hash{{"enqueued_at", "2026-11-24T02:14:00Z"}};
  redis_->keys["rq:queue:" + own_ + "short:intermediate"] = FakeRedis::List{"s::0"};
  redis_->keys["rq:wip:" + own_ + "long"] =
      FakeRedis::SortedSet{{"s::10", kNow + 60}, {"s::11", kNow - 60}, {"s::12", kNever}};
  redis_->keys["rq:finished:" + own_ + "long"] =
      FakeRedis::SortedSet{{"s::20", kNow + 600}, {"s::21", kNow - 1}};
  // A failure time to live of -1 is stored as score -1 and means for ever.
  redis_->keys["rq:failed:" + own_ + "long"] = FakeRedis::SortedSet{{"s::30", -1}};
  redis_->keys["rq:deferred:" + own_ + "default"] = FakeRedis::SortedSet{{"s::40", kNow - 100}};
  redis_->keys["rq:scheduled:" + own_ + "default"] =
      FakeRedis::SortedSet{{"s::50", kNow - 100}, {"s::51", kNow + 100}};
  redis_->keys["rq:canceled:" + own_ + "default"] = FakeRedis::SortedSet{{"s::60", kNow - 5}};
  AddWorker("w1", {{"queues", own_ + "short," + own_ + "default"}, {"state", "idle"}});
  AddWorker("w2", {{"queues", own_ + "long"}, {"state", "busy"}});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("queues", collected.text);
}

TEST_F(QueuesTest, SaysNothingWithoutBenchesAndWithoutRedis) {
  const Collected none = Run();
  EXPECT_TRUE(none.status);
  EXPECT_EQ("", none.text);
  PublishOne(MakeBench("no-redis"));
  const Collected unconfigured = Run();
  EXPECT_TRUE(unconfigured.status);
  EXPECT_EQ("", unconfigured.text);
  EXPECT_EQ(0u, redis_->round_trips);
}

TEST_F(QueuesTest, AnEmptyRedisHasEmptyQueues) {
  PublishOne(bench_);
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("0", collected.Value(Jobs("frappe-bench", "reports", "queued")));
  EXPECT_THAT(collected.text, Not(HasSubstr("oldest")));
}

TEST_F(QueuesTest, AsksInOneRoundTripOnceAllIsKnown) {
  PublishOne(bench_);
  AddQueue(own_ + "custom", {"s::1"});
  AddWorker("w1", {{"queues", own_ + "custom"}, {"state", "idle"}});
  EXPECT_EQ(3u, RoundTripsOfRun()) << "names; what is new; age of the waiting job";
  EXPECT_EQ(2u, RoundTripsOfRun()) << "a job waits";
  redis_->keys.erase("rq:queue:" + own_ + "custom");
  EXPECT_EQ(1u, RoundTripsOfRun()) << "nothing waits and nothing is new";
  AddWorker("w2", {{"queues", own_ + "custom"}, {"state", "idle"}});
  EXPECT_EQ(2u, RoundTripsOfRun()) << "a new worker";
  EXPECT_EQ(1u, RoundTripsOfRun());
}

TEST_F(QueuesTest, SendsOnlyReadCommands) {
  PublishOne(bench_);
  AddQueue(own_ + "short", {"s::1"});
  AddWorker("w1", {{"queues", own_ + "short"}});
  Run();
  EXPECT_EQ((std::set<std::string>{"EXISTS", "HMGET", "LINDEX", "LLEN", "LRANGE", "SMEMBERS",
                                   "ZCARD", "ZCOUNT", "ZRANGE"}),
            redis_->verbs);
}

TEST_F(QueuesTest, TwoBenchesOfOneRedisAreKeptApart) {
  Publish(context_, {BenchWithRedis("bench"), BenchWithRedis("bench-2")});
  AddQueue("home-frappe-bench:short", {"a"});
  AddQueue("home-frappe-bench-2:short", {"b", "c"});
  AddQueue("opt-foreign:short", {"d", "e", "f"});
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Jobs("bench", "short", "queued")));
  EXPECT_EQ("2", collected.Value(Jobs("bench-2", "short", "queued")));
  EXPECT_THAT(collected.text, Not(HasSubstr("foreign")));
  EXPECT_EQ(1u, endpoints_.size()) << "one connection for both";
}

TEST_F(QueuesTest, Version13HasNoPrefix) {
  Bench old = BenchWithRedis("old", R"({"workers": {"nightly:reports": {}}})");
  old.frappe_major = 13;
  Publish(context_, {old, BenchWithRedis("frappe-bench")});
  AddQueue("short", {"a"});
  AddQueue("nightly:reports", {"b", "c"});
  AddQueue(own_ + "short", {"d", "e", "f"});
  AddQueue("home-other:short", {"g"});
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Jobs("old", "short", "queued")));
  EXPECT_EQ("2", collected.Value(Jobs("old", "nightly:reports", "queued")));
  EXPECT_EQ("3", collected.Value(Jobs("frappe-bench", "short", "queued")));
  EXPECT_THAT(collected.text, Not(HasSubstr("home-")));
}

TEST_F(QueuesTest, QueueNamesMayHoldColons) {
  PublishOne(bench_);
  AddQueue(own_ + "eu:mail", {"a"});
  AddWorker("w", {{"queues", own_ + "eu:mail"}, {"state", "busy"}});
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Jobs("frappe-bench", "eu:mail", "queued")));
}

TEST_F(QueuesTest, AgesAreThoseOfTheEndsAndNeverNegative) {
  struct {
    const char* name;
    FakeRedis::Hash first, last;
    std::string expected;
  } const cases[] = {
      {"first is older", {{"enqueued_at", "2026-11-24T02:14:10.500000Z"}}, {}, "10"},
      {"put in front: last is older",
       {{"enqueued_at", "2026-11-24T02:14:19.500000Z"}},
       {{"enqueued_at", "2026-11-24T02:12:40.500000Z"}},
       "100"},
      {"enqueued_at is empty, created_at tells",
       {{"enqueued_at", ""}, {"created_at", "2026-11-24T02:14:18.500000Z"}},
       {},
       "2"},
      {"from a clock that is ahead", {{"enqueued_at", "2026-11-24T03:00:00Z"}}, {}, "0"},
      {"both gone", {}, {}, "absent"},
      {"no time", {{"enqueued_at", "\xFF\x00 yesterday"}}, {}, "absent"},
  };
  PublishOne(bench_);
  AddQueue(own_ + "short", {"a", "between", "b"});
  for (const auto& test : cases) {
    redis_->keys["rq:job:a"] = test.first;
    redis_->keys["rq:job:b"] = test.last;
    EXPECT_EQ(test.expected, Run().Value(Age("short"))) << test.name;
  }
}

TEST_F(QueuesTest, ANewPasswordMakesANewConnection) {
  Bench bench = bench_;
  for (const char* password : {"one", "two", "two"}) {
    bench.redis_queue->password = Secret(password);
    PublishOne(bench);
    EXPECT_TRUE(Run().status);
  }
  ASSERT_EQ(2u, endpoints_.size());
  EXPECT_EQ("two", endpoints_[1].password.Reveal());
}

TEST_F(QueuesTest, TheMonitoringUsersLoginWins) {
  context_.settings.redis_user = "monitor";
  context_.settings.redis_password = Secret("secret");
  PublishOne(bench_);
  Run();
  ASSERT_EQ(1u, endpoints_.size());
  EXPECT_EQ("monitor", endpoints_[0].user);
}

TEST_F(QueuesTest, ADeadRedisHasNoSamples) {
  PublishOne(bench_);
  redis_->failure = [] { return Error{ErrorKind::kRefused, "redis://…: connection refused"}; };
  const Collected collected = Run();
  EXPECT_EQ("refused", collected.Kind());
  EXPECT_EQ("", collected.text);
}

TEST_F(QueuesTest, AKeyOfAnotherTypeTakesOnlyItsOwnFigure) {
  PublishOne(bench_);
  AddQueue(own_ + "short", {"s::1"});
  redis_->keys["rq:job:s::1"] = FakeRedis::List{"not a hash"};
  redis_->keys["rq:queue:" + own_ + "long"] = std::string("not a list");
  redis_->keys["rq:wip:" + own_ + "default"] = FakeRedis::Set{"not sorted"};
  AddWorker("good", {{"queues", own_ + "short"}, {"state", "idle"}});
  AddWorker("bad", {});
  redis_->keys["rq:worker:bad"] = std::string("not a hash");
  const Collected collected = Run();
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_EQ("1", collected.Value(Jobs("frappe-bench", "short", "queued")));
  EXPECT_EQ("absent", collected.Value(Age("short")));
  EXPECT_EQ("absent", collected.Value(Jobs("frappe-bench", "long", "queued")));
  EXPECT_EQ("0", collected.Value(Jobs("frappe-bench", "long", "failed")));
  EXPECT_EQ("absent", collected.Value(Jobs("frappe-bench", "default", "started")));
  EXPECT_EQ("absent", collected.Value(Jobs("frappe-bench", "default", "abandoned")));
  EXPECT_EQ("0", collected.Value(Jobs("frappe-bench", "default", "queued")));
}

TEST_F(QueuesTest, TenThousandQueuesAreALimitAndTheConfiguredOnesStay) {
  PublishOne(bench_);
  for (int i = 0; i < 10'000; ++i) AddQueue(fmt::format("{}q{}", own_, i), {});
  AddQueue(own_ + "short", {"a"});
  AddWorker("w", {{"queues", own_ + "short"}, {"state", "idle"}});
  const Collected collected = Run();
  EXPECT_EQ("limit", collected.Kind());
  EXPECT_EQ("1", collected.Value(Jobs("frappe-bench", "short", "queued")));
  EXPECT_EQ("absent", collected.Value(Jobs("frappe-bench", "q1", "queued")));
  EXPECT_LT(redis_->commands, 1000u);
}

TEST_F(QueuesTest, TenThousandForeignQueuesDoNotMatter) {
  PublishOne(bench_);
  for (int i = 0; i < 10'000; ++i) AddQueue(fmt::format("other:q{}", i), {});
  EXPECT_TRUE(Run().status);
}

TEST_F(QueuesTest, TakesNamesOfAnyBytes) {
  PublishOne(bench_);
  AddQueue(own_ + "na\xFFme \"\n", {"job\0\xFE"});
  AddQueue(own_ + std::string(5000, 'x'), {});
  AddWorker("\xF0\x28", {{"queues", own_ + "na\xFFme \"\n,\x01"}, {"state", "busy"}});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("1", collected.Value(Jobs("frappe-bench", "na\xEF\xBF\xBDme \\\"\\x0a", "queued")));
}

TEST_F(QueuesTest, NonsenseForAnswersDoesNoHarm) {
  PublishOne(bench_);
  AddQueue(own_ + "short", {"a"});
  const RedisReply nested{RedisReply::Type::kArray, 0, {}, {RedisReply{}, FakeRedis::Integer(1)}};
  const RedisReply replies[] = {FakeRedis::Integer(INT64_MIN),
                                FakeRedis::Integer(INT64_MAX),
                                FakeRedis::Text("x"),
                                RedisReply(),
                                nested,
                                FakeRedis::ErrorReply("")};
  std::size_t next = 0;
  redis_->instead = [&](const RedisCommand&) { return replies[next++ % std::size(replies)]; };
  for (int i = 0; i < 20; ++i) Run();
}

TEST_F(QueuesTest, OneDeadRedisLeavesTheOthersAlone) {
  const auto dead = std::make_shared<FakeRedis>();
  dead->failure = [] { return Error{ErrorKind::kTimeout, "no answer in time"}; };
  context_.connect_redis = [&](const RedisEndpoint& endpoint) {
    return std::make_unique<FakeRedisConnection>(endpoint.address.port == 1 ? dead : redis_);
  };
  Bench broken = BenchWithRedis("a-broken");
  broken.redis_queue->address.port = 1;
  Publish(context_, {broken, bench_});
  const Collected collected = Run();
  EXPECT_EQ("timeout", collected.Kind());
  EXPECT_EQ("0", collected.Value(Jobs("frappe-bench", "short", "queued")));
  EXPECT_EQ("absent", collected.Value(Jobs("a-broken", "short", "queued")));
}

TEST_F(QueuesTest, TheTimeoutIsTheConfiguredOne) {
  Bench bench = BenchWithRedis("frappe-bench", R"({"workers": {
      "reports": {"timeout": 5000}, "mail": {}, "long": {"timeout": "7200"}, "odd": [1]}})");
  PublishOne(bench);
  AddQueue(own_ + "stranger", {});
  const Collected collected = Run();
  const std::map<std::string, std::string> expected = {
      {"short", "300"}, {"default", "300"}, {"long", "7200"},      {"reports", "5000"},
      {"mail", "300"},  {"odd", "300"},     {"stranger", "absent"}};
  for (const auto& [queue, seconds] : expected) {
    EXPECT_EQ(seconds, collected.Value(OfQueue("erpnext_queue_timeout_seconds", queue))) << queue;
  }
}

TEST_F(QueuesTest, AListOfFailedJobsThatIsFullSaysSo) {
  PublishOne(BenchWithRedis("frappe-bench", R"({"rq_failed_jobs_limit": 4})"));
  const auto fail = [&](const std::string& queue, int jobs) {
    FakeRedis::SortedSet set;
    for (int i = 0; i < jobs; ++i) set[std::to_string(i)] = kNow + i - 1;  // two have expired
    redis_->keys["rq:failed:" + own_ + queue] = set;
  };
  fail("short", 3);
  fail("default", 2);
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(OfQueue("erpnext_queue_failed_jobs_capped", "short")));
  EXPECT_EQ("0", collected.Value(OfQueue("erpnext_queue_failed_jobs_capped", "default")));
}

TEST_F(QueuesTest, OlderFrappeDeletesNoFailedJobs) {
  FakeRedis::SortedSet failed;
  for (int i = 0; i < 1200; ++i) failed[std::to_string(i)] = kNow + 60;
  redis_->keys["rq:failed:" + own_ + "short"] = failed;
  redis_->keys["rq:failed:short"] = failed;  // of version 13
  const std::pair<const char*, const char*> cases[] = {{"13.58.21", "absent"},
                                                       {"14.0.0", "absent"},
                                                       {"14.46.2", "absent"},
                                                       {"14.47.0", "1"},
                                                       {"14.100.1", "1"},
                                                       {"15.0.0", "1"},
                                                       {"", "1"}};
  for (const auto& [version, expected] : cases) {
    Bench bench = bench_;
    bench.apps = {{"erpnext", "1.0.0"}, {"frappe", version}};
    bench.frappe_major = MajorVersion(version);
    PublishOne(bench);
    EXPECT_EQ(expected, Run().Value(OfQueue("erpnext_queue_failed_jobs_capped", "short")))
        << version;
  }
}

TEST_F(QueuesTest, TellsWhenAQueueWillBeEmpty) {
  PublishOne(bench_);
  AddWorker("w", {{"queues", own_ + "short," + own_ + "long"}});
  const auto drain = [&](const char* queue) {
    return Run().Value(OfQueue("erpnext_queue_drain_seconds", queue));
  };
  std::size_t jobs = 12;
  const auto wait = [&] {
    AddQueue(own_ + "short", FakeRedis::List(jobs, "s::1"));
    AddQueue(own_ + "reports", FakeRedis::List(jobs, "s::1"));
    return drain("short");
  };
  for (; jobs > 9; --jobs) {
    EXPECT_EQ("absent", wait()) << jobs;
    clock_.Advance(std::chrono::seconds(20));
  }
  EXPECT_EQ("180", wait()) << "nine jobs, one in 20 s";
  EXPECT_EQ("inf", drain("reports")) << "nobody listens";
  EXPECT_EQ("0", drain("long")) << "nothing waits";
  redis_->keys["rq:suspended"] = std::string("1");
  EXPECT_EQ("inf", drain("short")) << "workers take nothing";
}

TEST_F(QueuesTest, SuspensionIsAFlag) {
  PublishOne(bench_);
  const char* const flag = R"(erpnext_queues_suspended{bench="frappe-bench"})";
  EXPECT_EQ("0", Run().Value(flag));
  redis_->keys["rq:suspended"] = std::string("1");
  EXPECT_EQ("1", Run().Value(flag));
}

}  // namespace
}  // namespace erpnext
