// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/workers.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "collectors/testing/rq_fixture.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

class WorkersTest : public RqFixture {
 protected:
  WorkersTest() : RqFixture(kWorkersCollector) {
    context_.settings.proc_path = proc_.path();
    proc_.Write("stat", "cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nbtime 1795486000\n");
    AddProcess(1, 0);
  }

  static std::string OfBench(std::string_view family) {
    return fmt::format(R"({}{{bench="frappe-bench"}})", family);
  }

  // One that began so many seconds after the boot of the host, which is at 02:06:40.
  void AddProcess(int pid, double seconds) {
    const auto ticks = static_cast<long>(seconds * static_cast<double>(sysconf(_SC_CLK_TCK)));
    std::string fields;
    for (int field = 4; field <= 24; ++field) {
      fields += fmt::format(" {}", field == 22 ? ticks : 1);
    }
    proc_.Write(fmt::format("{}/stat", pid), fmt::format("{} (python) S{}\n", pid, fields));
  }
  void StartJob(const std::string& queue, const std::string& id, double expires,
                FakeRedis::Hash hash = {}) {
    auto& jobs = std::get<FakeRedis::SortedSet>(
        redis_->keys.try_emplace("rq:wip:" + own_ + queue, FakeRedis::SortedSet()).first->second);
    jobs[id] = expires;
    if (!hash.empty()) redis_->keys["rq:job:" + id] = std::move(hash);
  }
  static std::string Stuck(std::string_view queue, std::string_view reason) {
    return fmt::format(R"(erpnext_jobs_stuck{{bench="frappe-bench",queue="{}",reason="{}"}})",
                       queue, reason);
  }
  static std::string Done(std::string_view queues, std::string_view result) {
    return fmt::format(
        R"(erpnext_worker_jobs_total{{bench="frappe-bench",queues="{}",result="{}"}})", queues,
        result);
  }

  TempFolder proc_;
};

TEST_F(WorkersTest, PublishesWorkersAndWhatTheyDo) {
  PublishOne(bench_);
  AddQueue(own_ + "long", {"s::8", "s::9"});
  AddWorker("w1", {{"queues", own_ + "short," + own_ + "default"},
                   {"state", "idle"},
                   {"successful_job_count", "100"},
                   {"failed_job_count", "3"},
                   {"total_working_time", "61.5"}});
  AddWorker("w2", {{"queues", own_ + "reports"}, {"state", "busy"}, {"current_job", "s::1"}});
  StartJob("reports", "s::1", kNow + 60,
           {{"status", "started"}, {"started_at", "2026-11-24T02:13:50.5Z"}, {"timeout", "5000"}});
  Run();
  AddWorker("w1", {{"queues", own_ + "short," + own_ + "default"},
                   {"state", "busy"},
                   {"successful_job_count", "102"},
                   {"failed_job_count", "4"},
                   {"total_working_time", "63.75"}});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("workers", collected.text);
}

TEST_F(WorkersTest, AnEmptyRedisHasNoWorkers) {
  PublishOne(bench_);
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("0", collected.Value(Workers("reports", "idle")));
  EXPECT_EQ("0", collected.Value(Stuck("reports", "zombie")));
  EXPECT_EQ("0", collected.Value(R"(erpnext_workers_vanished{bench="frappe-bench"})"));
}

TEST_F(WorkersTest, CollectorsShareAReading) {
  PublishOne(bench_);
  AddQueue(own_ + "short", {"s::1"});
  const auto other = kWorkersCollector.make(context_);
  EXPECT_TRUE(Collect(kWorkersCollector, *other).status);
  const std::size_t before = redis_->round_trips;
  EXPECT_EQ(0u, RoundTripsOfRun()) << "the reading of the other is fresh";
  EXPECT_EQ(2u, RoundTripsOfRun()) << "its own second time is a new one";
  EXPECT_TRUE(Collect(kWorkersCollector, *other).status);
  EXPECT_EQ(before + 2, redis_->round_trips);
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(2u, RoundTripsOfRun());
  EXPECT_EQ(1u, endpoints_.size()) << "one connection for both";
}

TEST_F(WorkersTest, WorkersCountByTheirHashes) {
  struct {
    const char* name;
    std::optional<FakeRedis::Hash> hash;
  } const workers[] = {
      {"1 complete", FakeRedis::Hash{{"queues", own_ + "short"}, {"state", "busy"}}},
      {"2 without state", FakeRedis::Hash{{"queues", own_ + "short"}}},
      {"3 of a state nobody knows", FakeRedis::Hash{{"queues", own_ + "short"}, {"state", "odd"}}},
      {"4 without queues", FakeRedis::Hash{{"state", "idle"}}},
      {"5 dead: its hash has expired", std::nullopt},
      {"6 of another bench", FakeRedis::Hash{{"queues", "x:short"}, {"state", "idle"}}},
      {"7 the same queue twice",
       FakeRedis::Hash{{"queues", own_ + "short," + own_ + "short"}, {"state", "idle"}}},
  };
  PublishOne(bench_);
  for (const auto& worker : workers) {
    AddWorker(worker.name, worker.hash.value_or(FakeRedis::Hash()));
    if (!worker.hash) redis_->keys.erase(std::string("rq:worker:") + worker.name);
  }
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("1", collected.Value(Workers("short", "busy")));
  EXPECT_EQ("2", collected.Value(Workers("short", "unknown")));
  EXPECT_EQ("1", collected.Value(Workers("short", "idle")));
  EXPECT_EQ("0", collected.Value(Workers("short", "started")));
}

TEST_F(WorkersTest, WorkersThatCannotBeReadAreAbsentNotZero) {
  struct {
    const char* name;
    std::function<std::optional<RedisReply>(const RedisCommand&)> instead;
    std::string_view kind;
  } const cases[] = {
      {"the set is refused",
       [](const RedisCommand& command) {
         return command[1] == "rq:workers"
                    ? std::optional(FakeRedis::ErrorReply("NOPERM this user has no permissions"))
                    : std::nullopt;
       },
       "permission"},
      {"the hashes are refused",
       [](const RedisCommand& command) {
         return command[1].starts_with("rq:worker:")
                    ? std::optional(FakeRedis::ErrorReply("NOPERM this user has no permissions"))
                    : std::nullopt;
       },
       "permission"},
      {"the set is of another type",
       [](const RedisCommand& command) {
         return command[1] == "rq:workers" ? std::optional(FakeRedis::ErrorReply("WRONGTYPE x"))
                                           : std::nullopt;
       },
       "malformed"},
  };
  PublishOne(bench_);
  AddWorker("w", {{"queues", own_ + "short"}, {"state", "idle"}});
  for (const auto& test : cases) {
    redis_->instead = test.instead;
    const Collected collected = Run();
    EXPECT_EQ(test.kind, collected.Kind()) << test.name;
    EXPECT_EQ("absent", collected.Value(Workers("short", "idle"))) << test.name;
  }
}

TEST_F(WorkersTest, WorkersAreAbsentWhenTheConnectionBreaksBeforeTheirHashesAreRead) {
  PublishOne(bench_);
  AddWorker("w", {{"queues", own_ + "short"}, {"state", "idle"}});
  redis_->failure = [this]() -> std::optional<Error> {
    if (redis_->round_trips % 2 == 1) return std::nullopt;
    return Error{ErrorKind::kTimeout, "no answer in time"};
  };
  const Collected collected = Run();
  EXPECT_EQ("timeout", collected.Kind());
  EXPECT_EQ("absent", collected.Value(Workers("short", "idle")));
}

TEST_F(WorkersTest, AWorkerWhoseProcessHasEndedIsDead) {
  struct {
    const char* name;
    FakeRedis::Hash hash;
    const char* state;
  } const cases[] = {
      {"runs", {{"hostname", "erp1"}, {"pid", "77"}, {"birth", "2026-11-24T02:10:00Z"}}, "busy"},
      {"ended", {{"hostname", "erp1"}, {"pid", "78"}, {"birth", "2026-11-24T02:10:00Z"}}, "dead"},
      {"of another host", {{"hostname", "erp2"}, {"pid", "78"}}, "busy"},
      {"its number is another's now",
       {{"hostname", "erp1"}, {"pid", "79"}, {"birth", "2026-11-24T02:07:00Z"}},
       "dead"},
      {"without a number", {{"hostname", "erp1"}}, "busy"},
      {"with nonsense for one", {{"hostname", "erp1"}, {"pid", "-1"}}, "dead"},
      {"with no number for one", {{"hostname", "erp1"}, {"pid", "../1"}}, "busy"},
  };
  PublishOne(bench_);
  AddProcess(77, 190);
  AddProcess(79, 290);
  for (const auto& test : cases) {
    FakeRedis::Hash hash = test.hash;
    hash.merge(FakeRedis::Hash{{"queues", own_ + "short"}, {"state", "busy"}});
    AddWorker("w", hash);
    EXPECT_EQ("1", Run().Value(Workers("short", test.state))) << test.name;
  }
}

TEST_F(WorkersTest, WhereOthersProcessesAreHiddenNobodyIsDead) {
  TempFolder hidden;
  hidden.Write("stat", "cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nbtime 1795486000\n");
  context_.settings.proc_path = hidden.path();
  PublishOne(bench_);
  AddWorker("w",
            {{"queues", own_ + "short"}, {"state", "idle"}, {"hostname", "erp1"}, {"pid", "7"}});
  EXPECT_EQ("1", Run().Value(Workers("short", "idle")));
}

TEST_F(WorkersTest, WorkersThatRunOldCodeAreCounted) {
  PublishOne(bench_);
  const Collected nobody = Run();
  EXPECT_EQ("absent", nobody.Value(OfBench("erpnext_workers_older_than_code")));
  TempFolder folder;
  Bench bench = bench_;
  bench.path = folder.path();
  bench.apps = {{"frappe", "15.1"}, {"gone", ""}};
  folder.Write("apps/frappe/frappe/__init__.py", "__version__ = '15.1'");
  PublishOne(bench);
  const auto work = [&](const char* name, const char* pid) {
    AddWorker(name, {{"queues", own_ + "short"}, {"hostname", "erp1"}, {"pid", pid}});
  };
  // 100 s after the boot of the host.
  const timespec changed[] = {{1'795'486'100, 0}, {1'795'486'100, 0}};
  const std::string file = folder.path() + "/apps/frappe/frappe/__init__.py";
  ASSERT_EQ(0, utimensat(AT_FDCWD, file.c_str(), changed, 0));
  work("old", "77");
  work("new", "78");
  AddProcess(77, 90);
  AddProcess(78, 110);
  const Collected collected = Run();
  EXPECT_EQ("1", collected.Value(OfBench("erpnext_workers_older_than_code")));
  EXPECT_EQ("0", collected.Value(OfBench("erpnext_workers_orphaned")));
}

TEST_F(WorkersTest, CountersGoOnOverARestart) {
  PublishOne(bench_);
  const auto work = [&](const char* name, const char* done) {
    AddWorker(name, {{"queues", own_ + "long"}, {"successful_job_count", done}});
    return Run().Value(Done("long", "successful"));
  };
  EXPECT_EQ("0", work("one", "50"));
  EXPECT_EQ("5", work("one", "55"));
  redis_->keys.erase("rq:workers");
  Run();
  EXPECT_EQ("7", work("two", "2"));
  EXPECT_EQ("7", work("two", "nonsense")) << "as if none were done: begins anew";
}

TEST_F(WorkersTest, AVanishedWorkerIsListedWithoutAHash) {
  PublishOne(bench_);
  AddWorker("w", {{"queues", own_ + "short"}});
  Run();
  redis_->keys.erase("rq:worker:w");
  EXPECT_EQ("1", Run().Value(R"(erpnext_workers_vanished{bench="frappe-bench"})"));
  redis_->keys.erase("rq:workers");
  EXPECT_EQ("0", Run().Value(R"(erpnext_workers_vanished{bench="frappe-bench"})"));
}

TEST_F(WorkersTest, JobsOfRq2AreKnownByTheIdBeforeTheExecution) {
  PublishOne(bench_);
  const std::string job = "site||4f0c";
  AddWorker("w", {{"queues", own_ + "short"}, {"state", "busy"}, {"current_job", job}});
  StartJob("short", job + ":0123456789abcdef0123456789abcdef", kNow + 60);
  redis_->keys["rq:job:" + job] = FakeRedis::Hash{
      {"status", "started"}, {"started_at", "2026-11-24T02:14:10.5Z"}, {"timeout", "-1"}};
  EXPECT_EQ("10", Run().Value(OfQueue("erpnext_queue_longest_job_age_seconds", "short")));
  clock_.Advance(std::chrono::seconds(5));
  const Collected collected = Run();
  EXPECT_EQ("absent", collected.Value(OfQueue("erpnext_queue_longest_job_timeout_ratio", "short")))
      << "it may run for ever";
  EXPECT_EQ("0", collected.Value(Stuck("short", "zombie")));
}

TEST_F(WorkersTest, JobsThatHangSayWhy) {
  struct {
    const char *name, *reason;
    std::function<void()> arrange;
  } const cases[] = {
      {"longer than its limit", "over_timeout",
       [&] {
         AddWorker("w", {{"queues", own_ + "short"}, {"current_job", "j"}});
         StartJob("short", "j", kNow + 60,
                  {{"started_at", "2026-11-24T02:13:00.5Z"}, {"timeout", "60"}});
       }},
      {"its worker was killed a moment ago", "worker_dead",
       [&] {
         AddWorker("w", {{"queues", own_ + "short"},
                         {"current_job", "j"},
                         {"hostname", "erp1"},
                         {"pid", "99"}});
         StartJob("short", "j", kNow + 60);
       }},
      {"its worker died long ago", "worker_dead", [&] { StartJob("short", "j", kNow - 1); }},
      {"never started", "intermediate",
       [&] { redis_->keys["rq:queue:" + own_ + "short:intermediate"] = FakeRedis::List{"j"}; }},
      {"nobody runs it", "zombie", [&] { StartJob("short", "j", kNow + 60); }},
      {"nobody listens", "no_listener", [&] { AddQueue(own_ + "short", {"j"}); }},
      {"workers are suspended", "suspended",
       [&] {
         AddQueue(own_ + "short", {"j"});
         AddWorker("w", {{"queues", own_ + "short"}, {"state", "suspended"}});
         redis_->keys["rq:suspended"] = std::string("1");
       }},
  };
  PublishOne(bench_);
  for (const auto& test : cases) {
    redis_->keys.clear();
    collector_.reset();
    clock_.Advance(std::chrono::seconds(2));  // no reading of the last case is fresh
    test.arrange();
    Run();
    clock_.Advance(std::chrono::seconds(5));
    const Collected stuck = Run();
    for (const char* reason :
         {"over_timeout", "worker_dead", "intermediate", "zombie", "no_listener", "suspended"}) {
      EXPECT_EQ(reason == std::string_view(test.reason) ? "1" : "0",
                stuck.Value(Stuck("short", reason)))
          << test.name << ": " << reason;
    }
    redis_->keys.clear();
    EXPECT_EQ("0", Run().Value(Stuck("short", test.reason))) << test.name;
  }
}

TEST_F(WorkersTest, AJobHasSomeSecondsToStart) {
  PublishOne(bench_);
  const auto expect_stuck = [&](const char* expected) {
    const Collected collected = Run();
    EXPECT_EQ(expected, collected.Value(Stuck("short", "zombie")));
    EXPECT_EQ(expected, collected.Value(Stuck("short", "intermediate")));
  };
  const auto arrange = [&](const std::string& job) {
    redis_->keys.clear();
    StartJob("short", job, kNow + 60);
    redis_->keys["rq:queue:" + own_ + "short:intermediate"] = FakeRedis::List{job};
  };
  arrange("first");
  expect_stuck("0");
  clock_.Advance(std::chrono::seconds(4));
  expect_stuck("0");
  arrange("second");
  clock_.Advance(std::chrono::seconds(4));
  expect_stuck("0");
  arrange("first");
  clock_.Advance(std::chrono::seconds(4));
  expect_stuck("0");
  clock_.Advance(std::chrono::seconds(5));
  expect_stuck("1");
}

TEST_F(WorkersTest, TakesNonsense) {
  PublishOne(bench_);
  AddWorker("w\xFF", {{"queues", own_ + "short,,\xFE" + own_ + "\xFF\n"},
                      {"state", std::string(1000, 'x')},
                      {"pid", "99999999999999999999"},
                      {"birth", "\x00"},
                      {"successful_job_count", "-5"},
                      {"failed_job_count", "1e300"},
                      {"total_working_time", "nan"}});
  StartJob("short", "\xFF:\x01", -1, {{"started_at", "never"}, {"timeout", "inf"}});
  Run();
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("1", collected.Value(Workers("short", "unknown")));
  EXPECT_THAT(collected.text, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace erpnext
