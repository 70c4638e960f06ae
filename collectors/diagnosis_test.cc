// SPDX-License-Identifier: Apache-2.0
#include "collectors/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "collectors/all_collectors.h"
#include "collectors/symptoms.h"

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Labels = std::vector<std::pair<std::string, std::string>>;

prometheus::MetricFamily Gauge(const std::string& name,
                               const std::vector<std::pair<Labels, double>>& series) {
  prometheus::MetricFamily family{name, "", prometheus::MetricType::Gauge, {}};
  for (const auto& [labels, value] : series) {
    prometheus::ClientMetric metric;
    for (const auto& [label, text] : labels) metric.label.push_back({label, text});
    metric.gauge.value = value;
    family.metric.push_back(metric);
  }
  return family;
}

std::vector<std::string> Texts(const std::vector<prometheus::MetricFamily>& families) {
  constexpr const char* kSigns[] = {"ok", "W", "C"};
  std::vector<std::string> texts;
  for (const Finding& finding : Diagnose(families).findings) {
    texts.push_back(fmt::format("{} {}", kSigns[static_cast<int>(finding.severity)], finding.text));
  }
  return texts;
}

TEST(Diagnosis, OfNothingIsNothing) {
  EXPECT_THAT(Texts({}), IsEmpty());
  EXPECT_THAT(Diagnose({}).queues, IsEmpty());
}

TEST(Diagnosis, WhatIsWellIsNotNamed) {
  EXPECT_THAT(
      Texts({Gauge("erpnext_mariadb_up", {{{{"bench", "b"}}, 1}}),
             Gauge("erpnext_site_ping_result_info",
                   {{{{"site", "a"}, {"reason", "ok"}}, 1},
                    {{{"site", "b"}, {"reason", "rate_limited"}}, 1}}),
             Gauge("erpnext_jobs_stuck", {{{{"reason", "zombie"}}, 0}}),
             Gauge("erpnext_queue_oldest_job_age_seconds", {{{{"queue", "long"}}, 3'600}})}),
      IsEmpty());
}

TEST(Diagnosis, TheWorstComesFirstAndASeriesOnce) {
  EXPECT_THAT(Texts({Gauge("erpnext_site_maintenance_mode", {{{{"site", "a"}}, 1}}),
                     Gauge("erpnext_queue_oldest_job_age_seconds",
                           {{{{"bench", "b"}, {"queue", "short"}}, 7'500},
                            {{{"bench", "b"}, {"queue", "default"}}, 660},
                            {{{"bench", "b"}, {"queue", "long"}}, 3'700}}),
                     Gauge("erpnext_jobs_stuck",
                           {{{{"bench", "b"}, {"queue", "q"}, {"reason", "zombie"}}, 3},
                            {{{"bench", "b"}, {"queue", "q"}, {"reason", "suspended"}}, 5}})}),
              ElementsAre("C a job in short of b has been waiting for 2 h",
                          "W site a is in maintenance mode", "W 3 jobs in q of b hang: zombie",
                          "W a job in long of b has been waiting for 62 min",
                          "W a job in default of b has been waiting for 11 min"));
}

TEST(Diagnosis, OverdueJobsAreASignOnlyWhereTheSchedulerIsMeantToRun) {
  const auto found = [](const std::string& state) {
    const Labels site = {{"bench", "b"}, {"site", "s"}};
    const Labels other = {{"bench", "b"}, {"site", "other"}, {"state", "active"}};
    Labels own = site;
    own.emplace_back("state", state);
    Labels not_it = site;
    not_it.emplace_back("state", "active");
    const auto texts = Texts({Gauge("erpnext_scheduled_jobs_overdue", {{site, 4}}),
                              Gauge("erpnext_scheduler_state",
                                    {{other, 1}, {not_it, state == "active" ? 1 : 0}, {own, 1}})});
    return std::count(texts.begin(), texts.end(), "W 4 scheduled jobs of s are overdue");
  };
  for (const char* state : {"active", "process_missing", "redis_unavailable"}) {
    EXPECT_EQ(1, found(state)) << state;
  }
  for (const char* state :
       {"maintenance", "paused", "disabled_config", "disabled_settings", "dormant"}) {
    EXPECT_EQ(0, found(state)) << state;
  }
  EXPECT_THAT(Texts({Gauge("erpnext_scheduled_jobs_overdue", {{{{"site", "s"}}, 4}})}), IsEmpty())
      << "its state is not known";
}

TEST(Diagnosis, OfSettingsOnlyThoseThatDoHarm) {
  const auto drift = [](const std::string& setting, const std::string& severity, double value) {
    const Labels labels = {
        {"bench", "b"}, {"setting", setting}, {"subject", "server"}, {"severity", severity}};
    return std::pair(labels, value);
  };
  EXPECT_THAT(
      Texts({Gauge("erpnext_config_drift", {drift("read_only", "critical", 1),
                                            drift("innodb_force_recovery", "critical", 0),
                                            drift("innodb_doublewrite", "warning", 1)})}),
      ElementsAre(
          "W read_only of MariaDB of b is not as Frappe needs it (docs/mariadb-settings.md)"));
}

TEST(Diagnosis, DisksNeedToBeSmallInShareAndInBytes) {
  const auto disk = [](double size, double free) {
    const Labels root = {{"mountpoint", "/"}, {"device", "/dev/sda1"}};
    return Texts({Gauge("node_filesystem_size_bytes", {{root, size}}),
                  Gauge("node_filesystem_avail_bytes", {{root, free}})});
  };
  EXPECT_THAT(disk(100e9, 3e9), ElementsAre("C / has 3.0 % or 3.0 GB left"));
  EXPECT_THAT(disk(100e9, 9e9), ElementsAre("W / has 9.0 % or 9.0 GB left"));
  EXPECT_THAT(disk(1e12, 30e9), IsEmpty());
  EXPECT_THAT(disk(100e9, 11e9), IsEmpty());
  EXPECT_THAT(disk(0, 0), IsEmpty());
}

TEST(Diagnosis, QueuesAreATable) {
  const auto queues =
      Diagnose(std::vector{Gauge("erpnext_queue_jobs",
                                 {{{{"bench", "b"}, {"queue", "q"}, {"state", "queued"}}, 7},
                                  {{{"bench", "b"}, {"queue", "q"}, {"state", "failed"}}, 2}}),
                           Gauge("erpnext_queue_workers",
                                 {{{{"bench", "b"}, {"queue", "q"}, {"state", "idle"}}, 1},
                                  {{{"bench", "b"}, {"queue", "q"}, {"state", "dead"}}, 4}})})
          .queues;
  ASSERT_EQ(2u, queues.size());
  EXPECT_THAT(queues[1], ElementsAre("b", "q", "7", "-", "0", "1", "2"));
}

// A family that is renamed must not make a symptom silent.
TEST(Symptoms, AskOnlyForWhatIsDeclared) {
  std::map<std::string_view, std::set<std::string>> declared;
  for (const CollectorEntry* entry : AllCollectors()) {
    for (const Family* family : entry->families) {
      for (const std::string_view label : family->labels) declared[family->name].emplace(label);
    }
  }
  for (const Symptom& symptom : AllSymptoms()) {
    ASSERT_TRUE(declared.contains(symptom.family)) << symptom.family;
    const auto& labels = declared[symptom.family];
    for (const Matcher& matcher : symptom.matchers) {
      EXPECT_TRUE(labels.contains(std::string(matcher.label))) << symptom.text;
    }
    for (std::string_view rest = symptom.text; rest.find('{') != std::string_view::npos;) {
      rest.remove_prefix(rest.find('{') + 1);
      const std::string word(rest.substr(0, rest.find('}')));
      EXPECT_TRUE(word == "value" || word == "time" || labels.contains(word)) << symptom.text;
    }
  }
}

}  // namespace
}  // namespace erpnext
