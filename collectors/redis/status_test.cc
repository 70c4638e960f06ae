// SPDX-License-Identifier: Apache-2.0
#include "collectors/redis/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"
#include "sources/testing/fake_redis.h"
#include "sources/testing/fault_server.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kInfo =
    "# Server\r\nredis_version:7.0.15\r\n\r\n# Clients\r\nconnected_clients:5\r\n"
    "# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\nmaxmemory:0\r\n"
    "# Stats\r\nevicted_keys:17\r\n";

class RedisStatusTest : public testing::Test {
 protected:
  RedisStatusTest() {
    redis_->info = kInfo;
    bench_.redis_queue = ParseRedisUrl("redis://127.0.0.1:11000").value();
    bench_.redis_cache = ParseRedisUrl("redis://127.0.0.1:13000").value();
    Publish(context_, {bench_});
    context_.connect_redis = [this](const RedisEndpoint&) {
      ++connections_;
      return std::make_unique<FakeRedisConnection>(redis_);
    };
  }

  Collected Run() {
    if (!collector_) collector_ = kRedisStatusCollector.make(context_);
    return Collect(kRedisStatusCollector, *collector_);
  }
  static std::string Up(std::string_view role) {
    return fmt::format(R"(erpnext_redis_up{{bench="b",role="{}"}})", role);
  }
  static std::string Reason(std::string_view reason) {
    return fmt::format(R"(erpnext_redis_connect_error_info{{bench="b",role="queue",reason="{}"}})",
                       reason);
  }

  std::shared_ptr<FakeRedis> redis_ = std::make_shared<FakeRedis>();
  std::size_t connections_ = 0;
  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(RedisStatusTest, PublishesBothRoles) {
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("redis_status", collected.text);
}

TEST_F(RedisStatusTest, SaysNothingWithoutRedis) {
  Publish(context_, {MakeBench("none")});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
}

TEST_F(RedisStatusTest, EveryFailureHasItsReason) {
  struct {
    ErrorKind kind;
    const char *reason, *up;
  } const cases[] = {
      {ErrorKind::kUnavailable, "down", "0"},   {ErrorKind::kRefused, "refused", "0"},
      {ErrorKind::kTimeout, "timeout", "0"},    {ErrorKind::kPermission, "denied", "1"},
      {ErrorKind::kProtocol, "protocol", "0"},  {ErrorKind::kLimit, "too_many_connections", "1"},
      {ErrorKind::kMalformed, "protocol", "0"},
  };
  for (const auto& test : cases) {
    redis_->failure = [&] { return Error{test.kind, "x"}; };
    const Collected collected = Run();
    EXPECT_EQ(ErrorKindName(test.kind), collected.Kind());
    EXPECT_EQ("1", collected.Value(Reason(test.reason))) << test.reason;
    EXPECT_EQ(test.up, collected.Value(Up("queue"))) << test.reason;
    EXPECT_THAT(collected.text, Not(HasSubstr("memory"))) << test.reason;
  }
}

TEST_F(RedisStatusTest, ErrorRepliesHaveReasonsToo) {
  struct {
    const char *reply, *reason;
  } const cases[] = {{"NOPERM no permissions to run the 'info' command", "denied"},
                     {"LOADING Redis is loading the dataset in memory", "down"},
                     {"ERR max number of clients reached", "too_many_connections"},
                     {"\xFF", "protocol"}};
  for (const auto& test : cases) {
    redis_->instead = [&](const auto&) { return FakeRedis::ErrorReply(test.reply); };
    EXPECT_EQ("1", Run().Value(Reason(test.reason))) << test.reply;
  }
}

TEST_F(RedisStatusTest, AnAnswerThatIsNoTextIsAProtocolError) {
  redis_->instead = [](const auto&) { return FakeRedis::Integer(1); };
  const Collected collected = Run();
  EXPECT_EQ("protocol", collected.Kind());
  EXPECT_EQ("0", collected.Value(Up("queue")));
}

TEST_F(RedisStatusTest, TakesHostileTexts) {
  std::string info = "\xFF\x01:\x02\r\nused_memory:x\r\nused_memory:-\r\nmaxmemory:1\r\n:::\n";
  for (int i = 0; i < 10'000; ++i) info += fmt::format("maxmemory:{}\r\nfield{}:1\r\n", i, i);
  redis_->info = info;
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("1", collected.Value(R"(erpnext_redis_memory_max_bytes{bench="b",role="queue"})"));
  EXPECT_EQ("absent",
            collected.Value(R"(erpnext_redis_memory_used_bytes{bench="b",role="queue"})"));
}

TEST_F(RedisStatusTest, KeepsConnectionsAndForgetsThoseNobodyNeeds) {
  Run();
  Run();
  EXPECT_EQ(2u, connections_);
  bench_.redis_queue->password = Secret("changed");
  Publish(context_, {bench_});
  Run();
  EXPECT_EQ(3u, connections_) << "another login is another connection";
  Publish(context_, {});
  Run();
  Publish(context_, {bench_});
  Run();
  EXPECT_EQ(5u, connections_) << "those of a bench that went away were closed";
}

TEST_F(RedisStatusTest, OneThatHangsDoesNotTakeTheTimeOfTheOther) {
  context_.connect_redis = CollectorContext().connect_redis;
  FaultServer hangs(FaultServer::Hangs());
  FaultServer answers([](const FaultServer::Connection& c) {
    if (!c.Receive().empty()) c.Send("$21\r\nconnected_clients:7\r\n\r\n");
  });
  bench_.redis_queue->address = hangs.address();
  bench_.redis_cache->address = answers.address();
  Publish(context_, {bench_});
  collector_ = kRedisStatusCollector.make(context_);
  const Collected collected =
      Collect(kRedisStatusCollector, *collector_, Deadline::After(std::chrono::milliseconds(600)));
  EXPECT_EQ("timeout", collected.Kind());
  EXPECT_EQ("1", collected.Value(Reason("timeout")));
  EXPECT_EQ("7", collected.Value(R"(erpnext_redis_connected_clients{bench="b",role="cache"})"));
}

TEST_F(RedisStatusTest, ASocketThatIsNotThereIsDown) {
  context_.connect_redis = CollectorContext().connect_redis;
  TempFolder folder;
  bench_.redis_queue = ParseRedisUrl("unix://" + folder.path("none.sock")).value();
  Publish(context_, {bench_});
  EXPECT_EQ("1", Run().Value(Reason("down")));
}

}  // namespace
}  // namespace erpnext
