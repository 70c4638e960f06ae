// SPDX-License-Identifier: Apache-2.0
#include "exporter/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>

#include "core/testing/manual_clock.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Family kValue{.name = "erpnext_test_value", .help = "Value.", .source = "test"};
constexpr Family kOther{.name = "erpnext_test_other", .help = "Other.", .source = "test"};

// Shared by a test and its collector, which may outlive the body of the test.
class Gate {
 public:
  void Open() const { latch_->count_down(); }
  void Wait() const { latch_->wait(); }

 private:
  std::shared_ptr<std::latch> latch_ = std::make_shared<std::latch>(1);
};

using CollectFunction = std::function<Status(Deadline, SampleSink&)>;

class FunctionCollector final : public Collector {
 public:
  explicit FunctionCollector(CollectFunction collect) : collect_(std::move(collect)) {}
  Status Collect(Deadline deadline, SampleSink& sink) override { return collect_(deadline, sink); }

 private:
  CollectFunction collect_;
};

Deadline Soon() { return Deadline::After(10s); }

class EngineTest : public testing::Test {
 protected:
  void Add(std::string name, CollectFunction collect, std::chrono::milliseconds interval = 0ms,
           std::chrono::milliseconds timeout = 5s) {
    RunnerOptions options;
    options.name = std::move(name);
    options.interval = interval;
    options.timeout = timeout;
    options.families = {&kValue};
    parts_.push_back({options, false, std::make_unique<FunctionCollector>(std::move(collect))});
  }

  Engine& Start() {
    engine_ = std::make_unique<Engine>(std::move(parts_), stats_, clock_,
                                       [this](const std::string& name, const Status& status) {
                                         const std::lock_guard lock(mutex_);
                                         changes_.push_back(name + (status ? " good" : " bad"));
                                       });
    engine_->Start(Soon());
    return *engine_;
  }

  std::vector<std::string> Changes() {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

  static std::string TextOf(const CollectorView& view) {
    return view.snapshot ? view.snapshot->Text(ExpositionFormat::kText) : "none";
  }

  ManualClock clock_ = ManualClock::AtUnix(1'795'486'460);
  StatsRegistry stats_;
  std::mutex mutex_;
  std::vector<std::string> changes_;
  std::vector<Engine::Part> parts_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, GivesTheSamplesOfACollectorOnScrape) {
  Add("one", [](Deadline, SampleSink& sink) -> Status {
    sink.Add(kValue, 7);
    return {};
  });
  const auto views = Start().Scrape({}, Soon());
  ASSERT_EQ(1u, views.size());
  EXPECT_THAT(TextOf(views[0]), HasSubstr("erpnext_test_value 7\n"));
  EXPECT_EQ(true, views[0].success);
  EXPECT_EQ(1'795'486'460, views[0].stats->last_success_unix);
}

TEST_F(EngineTest, AResultServesOtherScrapesForASecond) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  Add("one", [=](Deadline, SampleSink&) -> Status {
    ++*runs;
    return {};
  });
  Engine& engine = Start();
  engine.Scrape({}, Soon());
  clock_.Advance(999ms);
  engine.Scrape({}, Soon());
  EXPECT_EQ(1, *runs);
  clock_.Advance(1ms);
  engine.Scrape({}, Soon());
  EXPECT_EQ(2, *runs);
}

TEST_F(EngineTest, ScrapesThatArriveMeanwhileShareOneFlight) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  Gate started;
  Gate release;
  Add("one", [=](Deadline, SampleSink& sink) -> Status {
    sink.Add(kValue, ++*runs);
    started.Open();
    release.Wait();
    return {};
  });
  Engine& engine = Start();
  std::vector<std::string> texts(4);
  std::vector<std::jthread> scrapes;
  scrapes.emplace_back([&] { texts[0] = TextOf(engine.Scrape({}, Soon())[0]); });
  started.Wait();
  for (std::size_t i = 1; i < texts.size(); ++i) {
    scrapes.emplace_back([&, i] { texts[i] = TextOf(engine.Scrape({}, Soon())[0]); });
  }
  release.Open();
  scrapes.clear();
  EXPECT_EQ(1, *runs);
  for (const std::string& text : texts) EXPECT_EQ(texts[0], text);
}

TEST_F(EngineTest, AHangingCollectorIsLateAndIsNotStartedAgain) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  Gate release;
  Gate returned;
  Add(
      "hangs",
      [=](Deadline, SampleSink& sink) -> Status {
        if (++*runs == 1) release.Wait();
        sink.Add(kValue, 1);
        returned.Open();
        return {};
      },
      0ms, 20ms);
  Add("good", [](Deadline, SampleSink& sink) -> Status {
    sink.Add(kValue, 2);
    return {};
  });
  Engine& engine = Start();
  for (int scrape = 0; scrape < 3; ++scrape) {
    const auto views = engine.Scrape({}, Soon());
    EXPECT_TRUE(views[0].late);
    EXPECT_EQ(nullptr, views[0].snapshot);
    EXPECT_EQ(false, views[0].success);
    EXPECT_EQ(ErrorKind::kTimeout, views[0].error->kind);
    EXPECT_THAT(TextOf(views[1]), HasSubstr("erpnext_test_value 2\n"));
    clock_.Advance(5s);
  }
  EXPECT_EQ(1, *runs);
  EXPECT_EQ(1u, stats_.For("hangs")->errors[static_cast<std::size_t>(ErrorKind::kTimeout)]);

  release.Open();
  returned.Wait();
  // On a busy machine a run that does not hang may be late too.
  do {
    clock_.Advance(5s);
  } while (engine.Scrape({}, Soon())[0].success != true);
  EXPECT_THAT(Changes(), ElementsAre("hangs bad", "hangs good"));
}

TEST_F(EngineTest, TheScrapesOwnDeadlineCutsTheWaitShort) {
  Gate release;
  Add("slow", [=](Deadline deadline, SampleSink&) -> Status {
    EXPECT_LT(deadline.Remaining(), 1s);
    release.Wait();
    return {};
  });
  const auto views = Start().Scrape({}, Deadline::After(10ms));
  EXPECT_EQ(false, views[0].success);
  EXPECT_EQ(nullptr, views[0].snapshot);
  release.Open();
}

// Its result is also that of those who come a moment later.
TEST_F(EngineTest, AScrapeInAHurryHurriesNoCollector) {
  const auto given = std::make_shared<std::atomic<std::int64_t>>(0);
  Add("one", [=](Deadline deadline, SampleSink& sink) -> Status {
    *given = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.Remaining()).count();
    sink.Add(kValue, 7);
    return {};
  });
  Start().Scrape({}, Deadline::After(1ms));
  EXPECT_THAT(TextOf(engine_->Scrape({}, Soon())[0]), HasSubstr("erpnext_test_value 7\n"));
  EXPECT_GT(*given, 100);
}

TEST_F(EngineTest, AnExceptionIsAFailedRunAndTellsNoText) {
  Add("throws", [](Deadline, SampleSink& sink) -> Status {
    sink.Add(kValue, 1);
    throw std::runtime_error("password=hunter2");
  });
  const auto views = Start().Scrape({}, Soon());
  EXPECT_EQ(false, views[0].success);
  EXPECT_EQ("unexpected exception of type std::runtime_error", views[0].error->message);
}

TEST_F(EngineTest, AFailedRunKeepsWhatItAddedAndDropsTheOldValues) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  Add("flaky", [=](Deadline, SampleSink& sink) -> Status {
    if (++*runs == 1) {
      sink.Add(kValue, 1);
      return {};
    }
    return Fail(ErrorKind::kRefused, "no");
  });
  Engine& engine = Start();
  EXPECT_THAT(TextOf(engine.Scrape({}, Soon())[0]), HasSubstr("erpnext_test_value 1"));
  clock_.Advance(2s);
  const auto views = engine.Scrape({}, Soon());
  EXPECT_EQ("", TextOf(views[0]));
  EXPECT_EQ(false, views[0].success);
  EXPECT_EQ(1'795'486'460, views[0].stats->last_success_unix);
  EXPECT_EQ(1u, views[0].stats->errors[static_cast<std::size_t>(ErrorKind::kRefused)]);
  EXPECT_THAT(Changes(), ElementsAre("flaky bad"));
}

TEST_F(EngineTest, MisuseOfTheSinkIsAFailedRun) {
  Add("wrong", [](Deadline, SampleSink& sink) -> Status {
    sink.Add(kOther, 1);
    return {};
  });
  const auto views = Start().Scrape({}, Soon());
  EXPECT_EQ("family erpnext_test_other is not declared", views[0].error->message);
}

TEST_F(EngineTest, APacedCollectorRunsWithoutAScrape) {
  Gate ran;
  Add(
      "paced",
      [=](Deadline, SampleSink& sink) -> Status {
        sink.Add(kValue, 3);
        ran.Open();
        return {};
      },
      1h);
  Engine& engine = Start();
  ran.Wait();
  while (!engine.Ready()) std::this_thread::yield();
  EXPECT_THAT(TextOf(engine.Scrape({}, Soon())[0]), HasSubstr("erpnext_test_value 3\n"));
}

TEST_F(EngineTest, APacedCollectorThatFailedTriesAgainSoon) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  Add(
      "paced",
      [=](Deadline, SampleSink& sink) -> Status {
        if (++*runs < 3) return Fail(ErrorKind::kRefused, "nobody listens");
        sink.Add(kValue, 3);
        return {};
      },
      1h);
  parts_.back().options.retry = 1ms;
  Engine& engine = Start();
  while (engine.Views()[0].success != true) std::this_thread::yield();
  EXPECT_EQ(3, *runs);
  EXPECT_THAT(Changes(), ElementsAre("paced bad", "paced good"));
}

TEST_F(EngineTest, APacedCollectorThatHangsLosesItsOldValues) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  Gate release;
  Add(
      "paced",
      [=](Deadline, SampleSink& sink) -> Status {
        if (++*runs > 1) release.Wait();
        sink.Add(kValue, 1);
        return {};
      },
      1ms, 10ms);
  Engine& engine = Start();
  while (!engine.Views()[0].late) std::this_thread::yield();
  const auto views = engine.Scrape({}, Soon());
  EXPECT_EQ(nullptr, views[0].snapshot);
  EXPECT_EQ(false, views[0].success);
  release.Open();
}

TEST_F(EngineTest, APacedCollectorHasNoResultBeforeItsFirstRunEnded) {
  Gate release;
  Add(
      "paced",
      [=](Deadline, SampleSink&) -> Status {
        release.Wait();
        return {};
      },
      1h);
  Engine& engine = Start();
  const auto views = engine.Scrape({}, Soon());
  EXPECT_EQ(std::nullopt, views[0].success);
  EXPECT_FALSE(engine.Ready());
  release.Open();
}

TEST_F(EngineTest, FiltersByName) {
  for (const char* name : {"a", "b", "c"}) {
    Add(name, [](Deadline, SampleSink&) -> Status { return {}; });
  }
  Engine& engine = Start();
  const auto names = [&](const CollectorFilter& filter) {
    std::string all;
    for (const auto& view : engine.Scrape(filter, Soon())) all += view.name;
    return all;
  };
  EXPECT_EQ("abc", names({}));
  EXPECT_EQ("ac", names({.collect = {"c", "a"}, .exclude = {}}));
  EXPECT_EQ("ac", names({.collect = {}, .exclude = {"b"}}));
  EXPECT_EQ("a", names({.collect = {"a", "b"}, .exclude = {"b"}}));
  EXPECT_TRUE(engine.Check({.collect = {"a"}, .exclude = {"c"}}));
  const Status unknown = engine.Check({.collect = {"nosuch"}, .exclude = {}});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("enabled are: a, b, c"));
}

TEST_F(EngineTest, StopsInTimeThoughACollectorHangs) {
  Gate release;
  Gate started;
  Gate destroyed;
  struct OpenWhenDestroyed {
    Gate gate;
    ~OpenWhenDestroyed() { gate.Open(); }
  };
  auto guard = std::make_shared<OpenWhenDestroyed>(destroyed);
  Add(
      "hangs",
      [release, started, guard](Deadline, SampleSink&) -> Status {
        started.Open();
        release.Wait();
        return {};
      },
      1h);
  guard.reset();
  Engine& engine = Start();
  started.Wait();
  engine.Stop(Deadline::After(10ms));
  engine_.reset();
  release.Open();
  destroyed.Wait();  // the thread that was left alone ends on its own
}

}  // namespace
}  // namespace erpnext
