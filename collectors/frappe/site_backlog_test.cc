// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/site_backlog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "sources/testing/fake_redis.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

class SiteBacklogTest : public testing::Test {
 protected:
  SiteBacklogTest() {
    bench_.redis_cache = ParseRedisUrl("redis://127.0.0.1:13000").value();
    context_.connect_redis = [this](const RedisEndpoint& endpoint) {
      const bool first = endpoint == *bench_.redis_cache;
      return std::make_unique<FakeRedisConnection>(first ? redis_ : other_);
    };
    AddSite(bench_, "a.example.com", R"({"db_name": "_a"})");
    AddSite(bench_, "b.example.com", R"({"db_name": "_b"})");
    Publish(context_, {bench_});
  }

  Collected Run() {
    if (!collector_) collector_ = kSiteBacklogCollector.make(context_);
    return Collect(kSiteBacklogCollector, *collector_);
  }
  static std::string Series(std::string_view list, std::string_view site = "a.example.com",
                            std::string_view bench = "b") {
    return fmt::format(R"(erpnext_site_backlog_entries{{bench="{}",site="{}",list="{}"}})", bench,
                       site, list);
  }

  std::shared_ptr<FakeRedis> redis_ = std::make_shared<FakeRedis>();
  std::shared_ptr<FakeRedis> other_ = std::make_shared<FakeRedis>();
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(SiteBacklogTest, TellsTheLengthOfEachList) {
  redis_->keys["_a|insert_queue_for_Error Log"] = FakeRedis::List{"{}", "{}"};
  redis_->keys["_a|monitor-transactions"] = FakeRedis::List{"{}"};
  redis_->keys["_b|global_search_queue"] = FakeRedis::List{"{}", "{}", "{}"};
  redis_->keys["_b|insert_queue_for_Route History"] = FakeRedis::List{"[{},{}]"};
  redis_->keys["insert_queue_for_Error Log"] = FakeRedis::List{"of nobody"};
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("site_backlog", collected.text);
  EXPECT_EQ(1, redis_->round_trips);
  EXPECT_EQ(std::set<std::string>({"LLEN"}), redis_->verbs);
}

TEST_F(SiteBacklogTest, BenchesOfOneRedisAreAskedTogether) {
  Bench second = MakeBench("second");
  second.redis_cache = bench_.redis_cache;
  AddSite(second, "c.example.com", R"({"db_name": "_c"})");
  Bench third = MakeBench("third");
  third.redis_cache = ParseRedisUrl("redis://127.0.0.1:13001").value();
  AddSite(third, "d.example.com", R"({"db_name": "_a"})");
  Publish(context_, {bench_, second, third});
  redis_->keys["_c|global_search_queue"] = FakeRedis::List{"{}"};
  other_->keys["_a|global_search_queue"] = FakeRedis::List{"{}", "{}"};
  const Collected collected = Run();
  EXPECT_EQ(1, redis_->round_trips);
  EXPECT_EQ(1, other_->round_trips);
  EXPECT_EQ("0", collected.Value(Series("global_search")));
  EXPECT_EQ("1", collected.Value(Series("global_search", "c.example.com", "second")));
  EXPECT_EQ("2", collected.Value(Series("global_search", "d.example.com", "third")));
}

TEST_F(SiteBacklogTest, AKeyOfAnotherTypeTakesOnlyItsOwnFigure) {
  redis_->keys["_a|monitor-transactions"] = std::string("x");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("absent", collected.Value(Series("monitor")));
  EXPECT_EQ("0", collected.Value(Series("error_log")));
  EXPECT_EQ("0", collected.Value(Series("monitor", "b.example.com")));
}

TEST_F(SiteBacklogTest, WhatIsForbiddenIsTold) {
  redis_->instead = [](const RedisCommand& command) -> std::optional<RedisReply> {
    if (command[1] != "_a|global_search_queue") return std::nullopt;
    return FakeRedis::ErrorReply("NOPERM this user has no permissions to access one of the keys");
  };
  const Collected collected = Run();
  EXPECT_EQ("permission", collected.Kind());
  EXPECT_EQ("absent", collected.Value(Series("global_search")));
  EXPECT_EQ("0", collected.Value(Series("monitor")));
}

TEST_F(SiteBacklogTest, ARedisThatIsAwayTakesNoOther) {
  Bench second = MakeBench("second");
  second.redis_cache = ParseRedisUrl("redis://127.0.0.1:13001").value();
  AddSite(second, "d.example.com", R"({"db_name": "_d"})");
  Publish(context_, {bench_, second});
  redis_->failure = [] { return Error{ErrorKind::kRefused, "no"}; };
  const Collected collected = Run();
  EXPECT_EQ("refused", collected.Kind());
  EXPECT_THAT(collected.text, Not(HasSubstr("a.example.com")));
  EXPECT_EQ("0", collected.Value(Series("monitor", "d.example.com", "second")));
}

TEST_F(SiteBacklogTest, ACopyOfASiteIsNotToldTwice) {
  AddSite(bench_, "copy.example.com", R"({"db_name": "_a"})");
  AddSite(bench_, "none.example.com");
  Publish(context_, {bench_});
  const Collected collected = Run();
  EXPECT_THAT(collected.text, Not(HasSubstr("copy.example.com")));
  EXPECT_THAT(collected.text, Not(HasSubstr("none.example.com")));
}

TEST_F(SiteBacklogTest, HostileAnswersAreNoFigures) {
  redis_->instead = [](const RedisCommand&) { return FakeRedis::Text("many"); };
  const Collected collected = Run();
  EXPECT_EQ("protocol", collected.Kind());
  EXPECT_EQ("", collected.text);
}

TEST_F(SiteBacklogTest, SaysNothingWithoutARedisOrBenches) {
  bench_.redis_cache.reset();
  Publish(context_, {bench_});
  EXPECT_EQ("", Run().text);
  Publish(context_, {});
  EXPECT_EQ("", Run().text);
  EXPECT_EQ(0, redis_->round_trips);
}

}  // namespace
}  // namespace erpnext
