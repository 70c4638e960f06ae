// SPDX-License-Identifier: Apache-2.0
#include "exporter/self_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "exporter/exposition.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Text(const std::vector<CollectorView>& views, const ReloadState& reload = {}) {
  std::string text;
  AppendFamilies(SelfMetrics(views, reload), ExpositionFormat::kText, text);
  return text;
}

CollectorView View(std::string name) {
  CollectorView view;
  view.name = std::move(name);
  view.stats = std::make_shared<CollectorStats>();
  return view;
}

TEST(SelfMetrics, ACollectorThatNeverRanHasNoSuccessAndNoDuration) {
  const std::string text = Text({View("a")});
  EXPECT_THAT(text, Not(HasSubstr("collector_success{")));
  EXPECT_THAT(text, Not(HasSubstr("collector_duration_seconds{")));
  EXPECT_THAT(text, Not(HasSubstr("last_success_timestamp_seconds{")));
  EXPECT_THAT(
      text,
      HasSubstr("erpnext_exporter_collector_errors_total{collector=\"a\",kind=\"timeout\"} 0\n"));
}

TEST(SelfMetrics, TellsStateErrorsAndDrops) {
  auto stats = std::make_shared<CollectorStats>();
  stats->CountError(ErrorKind::kRefused);
  stats->dropped_over_limit = 3;
  stats->last_success_unix = 1700000000.5;
  CollectorView view = View("a");
  view.stats = stats;
  view.success = false;
  view.finished = SteadyTime{};
  view.duration_seconds = 0.25;
  const std::string text = Text({view});
  EXPECT_THAT(text, HasSubstr("erpnext_exporter_collector_success{collector=\"a\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("erpnext_exporter_collector_duration_seconds{collector=\"a\"} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("last_success_timestamp_seconds{collector=\"a\"} 1700000000.5\n"));
  EXPECT_THAT(text, HasSubstr("errors_total{collector=\"a\",kind=\"refused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("dropped_total{collector=\"a\",reason=\"over_limit\"} 3\n"));
}

TEST(SelfMetrics, TellsOfTheConfigurationAndTheProcess) {
  const std::string text = Text({}, {false, 1700000000});
  EXPECT_THAT(text, HasSubstr("erpnext_exporter_config_last_reload_successful 0\n"));
  EXPECT_THAT(text, HasSubstr("config_last_reload_success_timestamp_seconds 1700000000\n"));
  for (const char* name : {"process_cpu_seconds_total ", "process_open_fds ", "process_max_fds ",
                           "process_resident_memory_bytes ", "process_start_time_seconds ",
                           "erpnext_exporter_build_info{"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name));
  }
}

}  // namespace
}  // namespace erpnext
