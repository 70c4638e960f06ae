// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/testing/rq_fixture.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

class JobsTest : public RqFixture {
 protected:
  JobsTest() : RqFixture(kJobsCollector) {
    for (const char* site : {"erp.example.com", "erp.example.com.au", "1-shop"}) {
      AddSite(bench_with_sites_, site);
    }
    Publish(context_, {bench_with_sites_});
  }

  void Describe(const std::string& id, const std::string& method, const std::string& site) {
    redis_->keys["rq:job:" + id] = FakeRedis::Hash{
        {"description", fmt::format("frappe.utils.background_jobs.execute_job(event=None, "
                                    "kwargs={{}}, method='{}', site='{}', user='Guest')",
                                    method, site)}};
  }
  // All jobs that were put into queues, unless they are described.
  void DescribeRest(const FakeRedis::List& ids) {
    for (const std::string& id : ids) {
      redis_->keys.try_emplace("rq:job:" + id, FakeRedis::Hash{{"description", "somewhat else"}});
    }
  }
  static std::string OfSite(std::string_view site, std::string_view state) {
    return fmt::format(R"(erpnext_site_jobs{{bench="frappe-bench",site="{}",state="{}"}})", site,
                       state);
  }
  static std::string OfMethod(std::string_view method, std::string_view state) {
    return fmt::format(R"(erpnext_method_jobs{{bench="frappe-bench",method="{}",state="{}"}})",
                       method, state);
  }
  static std::string Sampled(std::string_view state) {
    return fmt::format(R"(erpnext_site_jobs_sampled{{bench="frappe-bench",state="{}"}})", state);
  }

  Bench bench_with_sites_ = BenchWithRedis("frappe-bench");
};

TEST_F(JobsTest, CountsBySiteAndMethod) {
  AddQueue(own_ + "short", {"erp.example.com::1", "erp.example.com.au::2", "1-shop||3",
                            "erp.example.com::scheduled_job::frappe.email.queue.flush"});
  AddQueue(own_ + "long", {"5d2f", "gone.example.com::6"});
  Describe("erp.example.com::1", "erpnext.a.b", "erp.example.com");
  Describe("erp.example.com.au::2", "erpnext.a.b", "erp.example.com.au");
  Describe("5d2f", "erpnext.c.d", "erp.example.com");  // version 13
  redis_->keys["rq:failed:" + own_ + "short"] =
      FakeRedis::SortedSet{{"erp.example.com::7", kNow + 60},
                           {"erp.example.com::expired", kNow - 60},
                           {"1-shop::for ever", -1}};
  Describe("erp.example.com::7", "erpnext.a.b", "erp.example.com");
  redis_->keys["rq:wip:" + own_ + "long"] = FakeRedis::SortedSet{
      {"1-shop::8:0123456789abcdef0123456789abcdef", kNow + 60}, {"1-shop::9", kNow - 60}};
  DescribeRest({"1-shop||3", "erp.example.com::scheduled_job::frappe.email.queue.flush",
                "gone.example.com::6", "1-shop::for ever", "erp.example.com::expired"});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("jobs", collected.text);
}

TEST_F(JobsTest, AsksInAtMostThreeRoundTripsBesideTheSharedReading) {
  AddQueue(own_ + "short", {"erp.example.com::1"});
  Describe("erp.example.com::1", "a.b", "erp.example.com");
  Run();
  EXPECT_EQ(5u, RoundTripsOfRun()) << "two of the reading; ids; lengths and texts of descriptions";
  redis_->keys.clear();
  EXPECT_EQ(2u, RoundTripsOfRun()) << "nothing to describe";
}

TEST_F(JobsTest, ALongQueueIsSampledEvenly) {
  FakeRedis::List jobs;
  for (int i = 0; i < 40'000; ++i) jobs.push_back(i < 30'000 ? "erp.example.com::x" : "1-shop::x");
  AddQueue(own_ + "short", jobs);
  DescribeRest(jobs);
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Sampled("queued")));
  EXPECT_EQ("0", collected.Value(Sampled("failed")));
  const double first = std::stod(collected.Value(OfSite("erp.example.com", "queued")));
  const double second = std::stod(collected.Value(OfSite("1-shop", "queued")));
  EXPECT_NEAR(30'000, first, 500);
  EXPECT_NEAR(40'000, first + second, 1e-6);
}

TEST_F(JobsTest, NoCommandAsksForMoreThanAPart) {
  const std::string queue = own_ + "short";
  AddQueue(queue, FakeRedis::List(40'000, "erp.example.com::x"));
  FakeRedis::SortedSet failed;
  FakeRedis::List ids{"erp.example.com::x"};
  for (int i = 0; i < 3'000; ++i) {
    ids.push_back(fmt::format("erp.example.com::{}", i));
    failed.emplace(ids.back(), kNow + 60);
  }
  redis_->keys["rq:failed:" + queue] = std::move(failed);
  DescribeRest(ids);
  std::size_t most = 0;
  redis_->instead = [&](const RedisCommand& command) -> std::optional<RedisReply> {
    if ((command[0] == "LRANGE" && command[1] == "rq:queue:" + queue) ||
        (command[0] == "ZRANGE" && command[1] == "rq:failed:" + queue)) {
      most = std::max(most, std::stoul(command[3]) - std::stoul(command[2]) + 1);
    }
    return std::nullopt;
  };
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Sampled("failed"))) << "of 3 000, 2 000 are read";
  EXPECT_EQ("3000", collected.Value(OfSite("erp.example.com", "failed")));
  EXPECT_EQ(250u, most);
}

TEST_F(JobsTest, AnIdWhoseJobWasDeletedIsNoJob) {
  AddQueue(own_ + "short", {"erp.example.com::1", "erp.example.com::deleted"});
  DescribeRest({"erp.example.com::1"});
  EXPECT_EQ("1", Run().Value(OfSite("erp.example.com", "queued")));
}

TEST_F(JobsTest, TenThousandJobsAreExact) {
  FakeRedis::List jobs(9'999, "erp.example.com::x");
  jobs.push_back("1-shop::x");
  AddQueue(own_ + "short", jobs);
  DescribeRest(jobs);
  const Collected collected = Run();
  EXPECT_EQ("0", collected.Value(Sampled("queued")));
  EXPECT_EQ("9999", collected.Value(OfSite("erp.example.com", "queued")));
  EXPECT_EQ("1", collected.Value(OfSite("1-shop", "queued")));
}

TEST_F(JobsTest, SitesOfVersion13AreEstimatedFromTheJobsThatAreDescribed) {
  FakeRedis::List jobs;
  for (int i = 0; i < 1'000; ++i) {
    jobs.push_back(fmt::format("uuid-{}", i));
    Describe(jobs.back(), "a.b", i % 8 < 4 ? "erp.example.com" : "1-shop");
  }
  AddQueue(own_ + "short", jobs);
  DescribeRest(jobs);
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(Sampled("queued")));
  EXPECT_NEAR(500, std::stod(collected.Value(OfSite("1-shop", "queued"))), 1);
  EXPECT_EQ("0", collected.Value(OfSite("other", "queued")));
}

TEST_F(JobsTest, RunningJobsOfVersion13AreOfTheSiteThatTheirDescriptionNames) {
  AddQueue(own_ + "short", {});
  redis_->keys["rq:wip:" + own_ + "short"] = FakeRedis::SortedSet{{"uuid-1", kNow + 60},
                                                                  {"uuid-2", kNow + 60},
                                                                  {"uuid-3", kNow - 60},
                                                                  {"1-shop::4", kNow + 60}};
  for (const char* id : {"uuid-1", "uuid-2", "uuid-3"}) Describe(id, "a.b", "erp.example.com");
  const Collected collected = Run();
  EXPECT_EQ("2", collected.Value(OfSite("erp.example.com", "started")));
  EXPECT_EQ("1", collected.Value(OfSite("1-shop", "started")));
  EXPECT_EQ("0", collected.Value(OfSite("other", "started")));
  EXPECT_EQ("0", collected.Value(Sampled("started")));
}

TEST_F(JobsTest, MethodsWithoutEndAreOther) {
  FakeRedis::List jobs;
  for (int i = 0; i < 100; ++i) {
    jobs.push_back(fmt::format("erp.example.com::{}", i));
    Describe(jobs.back(), i < 50 ? "erpnext.frequent" : fmt::format("erpnext.m{}", i), "x");
  }
  AddQueue(own_ + "short", jobs);
  DescribeRest(jobs);
  const Collected collected = Run();
  EXPECT_EQ("50", collected.Value(OfMethod("erpnext.frequent", "queued")));
  EXPECT_EQ("36", collected.Value(OfMethod("other", "queued"))) << "beside 14 of the 50 others";
}

TEST_F(JobsTest, HugeAndForeignTextsAreNotRead) {
  AddQueue(own_ + "short", {"erp.example.com::1", "\xFF\xFE", "erp.example.com::2"});
  DescribeRest({"\xFF\xFE"});
  redis_->keys["rq:job:erp.example.com::1"] =
      FakeRedis::Hash{{"description", ", method='a.b', site='" + std::string(5'000, 'x')}};
  redis_->keys["rq:job:erp.example.com::2"] = FakeRedis::List{"not a hash"};
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(OfSite("erp.example.com", "queued")));
  EXPECT_EQ("1", collected.Value(OfSite("other", "queued")));
  EXPECT_EQ("2", collected.Value(OfMethod("other", "queued")));
  EXPECT_THAT(collected.text, Not(HasSubstr("a.b")));
}

TEST_F(JobsTest, AQueueThatCannotBeReadLosesNothingElse) {
  AddQueue(own_ + "short", {"erp.example.com::1"});
  DescribeRest({"erp.example.com::1"});
  redis_->keys["rq:failed:" + own_ + "long"] = std::string("not a sorted set");
  const Collected collected = Run();
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_EQ("1", collected.Value(OfSite("erp.example.com", "queued")));
}

TEST_F(JobsTest, ADeadRedisHasNoSamples) {
  redis_->failure = [] { return Error{ErrorKind::kRefused, "connection refused"}; };
  const Collected collected = Run();
  EXPECT_EQ("refused", collected.Kind());
  EXPECT_EQ("", collected.text);
}

}  // namespace
}  // namespace erpnext
