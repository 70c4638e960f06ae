// SPDX-License-Identifier: Apache-2.0
// Benches and queues of each captured moment against what Frappe and RQ said at that moment.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "captures.h"
#include "collectors/frappe/bench.h"
#include "collectors/frappe/jobs.h"
#include "collectors/frappe/queues.h"
#include "collectors/frappe/workers.h"
#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "core/text.h"
#include "redis_process.h"

namespace erpnext {
namespace {

using nlohmann::json;

// Series and value, of Frappe's figures and of ours.
using Figures = std::map<std::string, double>;

// "home-frappe-bench:short" as the label says it: what follows the bench id.
std::string QueueLabel(const std::string& rq_name) { return rq_name.substr(rq_name.find(':') + 1); }

// Of the registries RQ's own count takes out what has expired before it counts, which changes them.
// So the reference is what plain commands said before that: all entries of registries that RQ does
// not clean up by their score, and those alive of the three that it does. The entries of "started"
// that are no longer alive are the jobs of dead workers. Frappe shows 29 finished jobs in the full
// state of version 16-dev until somebody cleans up: they had all expired, and 0 is right.
void AddJobsOfTruth(const json& truth, Figures& figures) {
  struct State {
    const char *label, *key;
  };
  constexpr State kStates[] = {{"queued", "llen"},
                               {"intermediate", "intermediate_llen"},
                               {"started", "started_live_zcount"},
                               {"finished", "finished_live_zcount"},
                               {"failed", "failed_live_zcount"},
                               {"deferred", "deferred_zcard"},
                               {"scheduled", "scheduled_zcard"},
                               {"canceled", "canceled_zcard"}};
  for (const auto& [rq_name, raw] : truth.at("queues_raw_before_rq_count").items()) {
    const std::string queue = QueueLabel(rq_name);
    for (const State& state : kStates) {
      figures[fmt::format("jobs {} {}", queue, state.label)] = raw.at(state.key);
    }
    figures[fmt::format("jobs {} abandoned", queue)] =
        raw.at("started_zcard").get<double>() - raw.at("started_live_zcount").get<double>();
  }
}

// RQ lists each worker once, with the queues it listens on.
void AddWorkersOfTruth(const json& truth, Figures& figures) {
  for (const json& worker : truth.at("workers_rq_all")) {
    for (const std::string rq_name : worker.at("queues")) {
      const std::string state = worker.at("state");
      figures[fmt::format("workers {} {}", QueueLabel(rq_name), state)] += 1;
    }
  }
}

// Frappe's documents RQ Job, which it finds by the beginning of their ids. Of this capture's sites
// no name is the beginning of another.
void AddSitesOfTruth(const json& truth, Figures& figures) {
  for (const auto& [site, kinds] : truth.at("doctype_rq_job_by_site").items()) {
    for (const auto& [kind, count] : kinds.items()) {
      const std::string state = kind.substr(0, kind.find('/'));
      if (state != "queued" && state != "started" && state != "failed") continue;
      figures[fmt::format("site {} {}", site, state)] += count.get<double>();
    }
  }
}

// The documents RQ Worker of Frappe's own interface tell the same; here only their number.
double WorkerDocuments(const json& truth) {
  return static_cast<double>(truth.at("doctype_rq_worker_list").size());
}

// Our samples, without the label `bench`. Zeros of workers count as "no such worker".
Figures OurFigures(const std::string& text) {
  Figures figures;
  std::string_view rest = text;
  while (const auto line = NextLine(rest)) {
    const auto label = [&](std::string_view name) {
      const std::size_t begin = line->find(fmt::format("{}=\"", name)) + name.size() + 2;
      return std::string(line->substr(begin, line->find('"', begin) - begin));
    };
    if (line->starts_with("#")) continue;
    const double value = std::stod(std::string(line->substr(line->rfind(' ') + 1)));
    if (line->starts_with("erpnext_queue_jobs{")) {
      figures[fmt::format("jobs {} {}", label("queue"), label("state"))] = value;
    } else if (line->starts_with("erpnext_site_jobs{")) {
      figures[fmt::format("site {} {}", label("site"), label("state"))] = value;
    } else if (line->starts_with("erpnext_queue_workers{") && value != 0) {
      figures[fmt::format("workers {} {}", label("queue"), label("state"))] = value;
    }
  }
  return figures;
}

class CapturedMoment : public testing::TestWithParam<Moment> {
 protected:
  void SetUp() override { truth_ = GetParam().Truth(); }

  void Compare(const Figures& frappe, const Figures& ours) {
    std::set<std::string> names;
    for (const auto& [name, value] : frappe) names.insert(name);
    for (const auto& [name, value] : ours) names.insert(name);
    fmt::print("{} {}\n{:40}{:>10}{:>10}\n", GetParam().bench.filename().string(), GetParam().name,
               "name", "Frappe", "ours");
    for (const std::string& name : names) {
      const auto text = [&](const Figures& figures) {
        const auto found = figures.find(name);
        return found == figures.end() ? std::string("-") : fmt::format("{}", found->second);
      };
      const auto one = frappe.find(name);
      const auto other = ours.find(name);
      // Redis has not heard of a queue yet that Frappe's configuration names: it is empty.
      const double expected = one == frappe.end() ? 0 : one->second;
      const double observed = other == ours.end() ? 0 : other->second;
      if (expected != 0 || observed != 0) {
        fmt::print("{:40}{:>10}{:>10}{}\n", name, text(frappe), text(ours),
                   expected == observed ? "" : "   DIFFERS");
      }
      EXPECT_EQ(expected, observed) << name;
      EXPECT_TRUE(other != ours.end() || name.starts_with("workers")) << name << " is absent";
    }
  }

  json truth_;
  TempFolder folder_;
};

TEST_P(CapturedMoment, QueuesAndWorkersAreThoseOfFrappe) {
  RedisProcess redis;
  redis.Load(GetParam().Resp());
  const ManualClock clock = ManualClock::AtUnix(truth_.at("taken_at_unix"));
  CollectorContext context;
  context.clock = &clock;
  context.settings.discovery.benches = {Rebuild(GetParam().bench, truth_.at("bench_id"), folder_)};
  context.settings.discovery.environment = {{"FRAPPE_REDIS_QUEUE", redis.url()}};
  const Collected benches = CollectOnce(kBenchCollector, context);
  ASSERT_TRUE(benches.status) << benches.status.error().message;
  context.settings.host_name = "not-the-host-of-the-capture";  // nor its processes
  const auto queues = kQueuesCollector.make(context);
  const auto workers = kWorkersCollector.make(context);
  const auto jobs = kJobsCollector.make(context);
  Figures frappe;
  AddJobsOfTruth(truth_, frappe);
  AddWorkersOfTruth(truth_, frappe);
  AddSitesOfTruth(truth_, frappe);
  // In the first run all names are new, in the second one all are known: both must be right.
  for (int run = 0; run < 2; ++run) {
    const Collected collected = Collect(kQueuesCollector, *queues);
    ASSERT_TRUE(collected.status) << collected.status.error().message;
    const Collected busy = Collect(kWorkersCollector, *workers);
    ASSERT_TRUE(busy.status) << busy.status.error().message;
    const Collected sites = Collect(kJobsCollector, *jobs);
    ASSERT_TRUE(sites.status) << sites.status.error().message;
    Compare(frappe, OurFigures(collected.text + busy.text + sites.text));
  }
  EXPECT_EQ(WorkerDocuments(truth_), static_cast<double>(truth_.at("workers_rq_all").size()));
}

TEST_P(CapturedMoment, SitesAndVersionsAreThoseOfFrappe) {
  CollectorContext context;
  context.settings.discovery.benches = {Rebuild(GetParam().bench, truth_.at("bench_id"), folder_)};
  const Collected collected = CollectOnce(kBenchCollector, context);
  ASSERT_TRUE(collected.status);
  const std::string bench = GetParam().bench.filename();
  EXPECT_EQ(std::to_string(truth_.at("counts").size()),
            collected.Value(fmt::format(R"(erpnext_bench_sites{{bench="{}"}})", bench)));
  for (const auto& [site, counts] : truth_.at("counts").items()) {
    EXPECT_EQ("1", collected.Value(
                       fmt::format(R"(erpnext_site_info{{bench="{}",site="{}"}})", bench, site)));
  }
  const std::string frappe = truth_.at("versions").at("frappe");
  for (const auto& [app, version] :
       std::map<std::string, std::string>{{"frappe", frappe}, {"probe_app", "0.0.1"}}) {
    EXPECT_EQ("1",
              collected.Value(fmt::format(R"(erpnext_app_info{{bench="{}",app="{}",version="{}"}})",
                                          bench, app, version)));
  }
  const Bench& found = context.inventory->Current()->benches.at(0);
  EXPECT_EQ(truth_.at("bench_id"), found.id);
  fmt::print("{}: frappe {}, {} sites\n", bench, frappe, found.sites.size());
}

std::string NameOf(const testing::TestParamInfo<Moment>& moment) {
  std::string name = moment.param.bench.filename().string() + "_" + moment.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, CapturedMoment, testing::ValuesIn(CapturedMoments()), NameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CapturedMoment);

TEST(Captures, HaveBothVersionsInAllTheirStates) {
  REQUIRE_CAPTURES();
  EXPECT_EQ(2u, CapturedBenches().size());
  EXPECT_EQ(10u, CapturedMoments().size());
}

}  // namespace
}  // namespace erpnext
