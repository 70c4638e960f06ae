// SPDX-License-Identifier: Apache-2.0
#include "core/sample_sink.h"

#include <gtest/gtest.h>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr Family kJobs{.name = "erpnext_queue_jobs",
                       .kind = MetricKind::kGauge,
                       .labels = {"bench", "queue"},
                       .help = "Jobs.",
                       .source = "test"};
constexpr Family kUp{
    .name = "erpnext_up", .kind = MetricKind::kGauge, .help = "Up.", .source = "test"};
constexpr Family kStatus{.name = "mysql_global_status_*",
                         .kind = MetricKind::kUntyped,
                         .help = "Status.",
                         .source = "test"};
constexpr Family kTimes{.name = "erpnext_times_seconds",
                        .kind = MetricKind::kHistogram,
                        .labels = {"site"},
                        .help = "Times.",
                        .source = "test"};
constexpr const Family* kFamilies[] = {&kUp, &kJobs, &kStatus, &kTimes};
constexpr double kBounds[] = {0.5, 1, 5};

TEST(SampleSink, KeepsTheOrderOfDeclarationAndLeavesOutEmptyFamilies) {
  SampleSink sink(kFamilies);
  sink.Add(kJobs, {"b", "short"}, 3);
  sink.AddOpen(kStatus, "uptime", MetricKind::kGauge, 7);
  sink.AddOpen(kStatus, "queries", MetricKind::kCounter, 9);
  const auto families = sink.Take();
  ASSERT_EQ(3u, families.size());
  EXPECT_EQ("erpnext_queue_jobs", families[0].name);
  EXPECT_EQ("mysql_global_status_queries", families[1].name);
  EXPECT_EQ(prometheus::MetricType::Counter, families[1].type);
  EXPECT_EQ(9, families[1].metric.at(0).counter.value);
  EXPECT_EQ("mysql_global_status_uptime", families[2].name);
  EXPECT_TRUE(sink.misuse());
}

TEST(SampleSink, GivesLabelsTheirDeclaredNames) {
  SampleSink sink(kFamilies);
  sink.Add(kJobs, {"b", "short"}, 3);
  const auto metric = sink.Take().at(0).metric.at(0);
  ASSERT_EQ(2u, metric.label.size());
  EXPECT_EQ("bench", metric.label[0].name);
  EXPECT_EQ("b", metric.label[0].value);
  EXPECT_EQ("queue", metric.label[1].name);
  EXPECT_EQ(3, metric.gauge.value);
}

TEST(SampleSink, RefusesWhatIsNotDeclared) {
  constexpr Family kOther{.name = "erpnext_other", .help = "Other.", .source = "test"};
  SampleSink sink(kFamilies);
  sink.Add(kOther, 1);
  EXPECT_TRUE(sink.Take().empty());
  ASSERT_FALSE(sink.misuse());
  EXPECT_EQ("family erpnext_other is not declared", sink.misuse().error().message);
}

TEST(SampleSink, HistogramsHaveCumulativeBuckets) {
  Histogram times(kBounds);
  for (const double value : {0.1, 0.5, 0.6, 1.0, 4.0, 7.0, 1e9}) times.Observe(value);
  SampleSink sink(kFamilies);
  sink.Add(kTimes, {"a"}, times);
  sink.Add(kTimes, {"a"}, times);
  const auto families = sink.Take();
  ASSERT_EQ(1u, families.size());
  EXPECT_EQ(prometheus::MetricType::Histogram, families[0].type);
  ASSERT_EQ(1u, families[0].metric.size());
  EXPECT_EQ(1u, sink.dropped().duplicate);
  const auto& histogram = families[0].metric[0].histogram;
  ASSERT_EQ(3u, histogram.bucket.size());
  EXPECT_EQ(2u, histogram.bucket[0].cumulative_count) << "a bound belongs to its bucket";
  EXPECT_EQ(0.5, histogram.bucket[0].upper_bound);
  EXPECT_EQ(4u, histogram.bucket[1].cumulative_count);
  EXPECT_EQ(5u, histogram.bucket[2].cumulative_count);
  EXPECT_EQ(7u, histogram.sample_count);
  EXPECT_DOUBLE_EQ(0.1 + 0.5 + 0.6 + 1 + 4 + 7 + 1e9, histogram.sample_sum);
}

TEST(SampleSink, AHistogramCountsForAsManySeriesAsItMakes) {
  SampleSink sink(kFamilies, {.series_per_family = 13});
  for (const char* site : {"a", "b", "c"}) sink.Add(kTimes, {site}, Histogram(kBounds));
  EXPECT_EQ(2u, sink.Take().at(0).metric.size());
  EXPECT_EQ(1u, sink.dropped().over_limit);
}

TEST(SampleSink, RefusesAKindThatWasNotDeclared) {
  SampleSink sink(kFamilies);
  sink.Add(kTimes, {"a"}, 1);
  EXPECT_FALSE(sink.misuse());
  SampleSink other(kFamilies);
  other.Add(kJobs, {"b", "short"}, Histogram(kBounds));
  EXPECT_FALSE(other.misuse());
  EXPECT_TRUE(sink.Take().empty());
  EXPECT_TRUE(other.Take().empty());
}

TEST(SampleSink, RefusesAWrongNumberOfLabels) {
  SampleSink sink(kFamilies);
  sink.Add(kJobs, {"b"}, 1);
  EXPECT_TRUE(sink.Take().empty());
  EXPECT_FALSE(sink.misuse());
}

TEST(SampleSink, DropsDuplicatesAndKeepsTheFirst) {
  SampleSink sink(kFamilies);
  sink.Add(kJobs, {"b", "short"}, 1);
  sink.Add(kJobs, {"b", "short"}, 2);
  sink.Add(kJobs, {"b", "long"}, 3);
  const auto families = sink.Take();
  ASSERT_EQ(2u, families.at(0).metric.size());
  EXPECT_EQ(1, families[0].metric[0].gauge.value);
  EXPECT_EQ(1u, sink.dropped().duplicate);
  EXPECT_TRUE(sink.misuse());
}

TEST(SampleSink, CapsTheSeriesOfAFamilyAndCountsTheRest) {
  SampleSink sink(kFamilies, {.series_per_family = 2, .label_value_bytes = 8});
  for (const char* queue : {"a", "b", "c", "d"}) sink.Add(kJobs, {"bench", queue}, 1);
  sink.Add(kUp, 1);  // another family has its own allowance
  EXPECT_EQ(2u, sink.dropped().over_limit);
  EXPECT_EQ(2u, sink.Take().size());
}

TEST(SampleSink, RepairsAndCutsLabelValues) {
  SampleSink sink(kFamilies, {.series_per_family = 10, .label_value_bytes = 4});
  sink.Add(kJobs, {"a\xFF", "abc\xC3\xBC"}, 1);
  const auto metric = sink.Take().at(0).metric.at(0);
  EXPECT_EQ("a\xEF\xBF\xBD", metric.label[0].value);
  EXPECT_EQ("abc", metric.label[1].value);
}

TEST(SampleSink, TwoForeignNamesThatLookTheSameAfterRepairAreOneSeries) {
  SampleSink sink(kFamilies);
  sink.Add(kJobs, {"a\xFF", "q"}, 1);
  sink.Add(kJobs, {"a\xFE", "q"}, 1);
  EXPECT_EQ(1u, sink.Take().at(0).metric.size());
  EXPECT_EQ(1u, sink.dropped().duplicate);
}

TEST(SampleSink, OpenFamiliesTakeOnlyNames) {
  SampleSink sink(kFamilies);
  sink.AddOpen(kStatus, "bad name", MetricKind::kGauge, 1);
  sink.AddOpen(kStatus, "x\n# TYPE", MetricKind::kGauge, 1);
  EXPECT_TRUE(sink.Take().empty());
  EXPECT_EQ(2u, sink.dropped().invalid_name);
}

TEST(Family, ReadsTheUnitFromTheName) {
  EXPECT_EQ("seconds", UnitOf("node_cpu_seconds_total"));
  EXPECT_EQ("bytes", UnitOf("node_filesystem_avail_bytes"));
  EXPECT_EQ("", UnitOf("erpnext_queue_jobs"));
  EXPECT_EQ("", UnitOf("seconds"));
}

TEST(Family, KnowsValidNames) {
  EXPECT_TRUE(IsValidMetricName("site:erpnext_up:bool"));
  for (std::string_view bad : {"", "1a", "a-b", "a b", "\xC3\xBC"}) {
    EXPECT_FALSE(IsValidMetricName(bad)) << bad;
    EXPECT_FALSE(IsValidLabelName(bad)) << bad;
  }
  EXPECT_FALSE(IsValidLabelName("a:b"));
  EXPECT_FALSE(IsValidLabelName("__name__"));
  EXPECT_TRUE(IsValidLabelName("le"));
}

TEST(SampleSink, IgnoresFamiliesOfTiersThatAreNotWanted) {
  constexpr Family kOwnName{.name = "erpnext_a"};
  constexpr Family kUpstreamName{.name = "node_*"};
  const Family* declared[] = {&kOwnName, &kUpstreamName};
  SampleSink sink(declared, {.tiers = NameTiers::kOwn});
  sink.Add(kOwnName, 1);
  sink.AddOpen(kUpstreamName, "b", MetricKind::kGauge, 1);
  EXPECT_TRUE(sink.misuse());
  const auto families = sink.Take();
  ASSERT_EQ(1U, families.size());
  EXPECT_EQ("erpnext_a", families.front().name);
}

}  // namespace
}  // namespace erpnext
