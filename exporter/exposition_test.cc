// SPDX-License-Identifier: Apache-2.0
#include "exporter/exposition.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <rapidcheck/gtest.h>

#include <clocale>
#include <cmath>
#include <limits>

#include "core/family.h"
#include "core/text.h"

namespace erpnext {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily GaugeFamily(std::string name, std::vector<ClientMetric::Label> labels, double value) {
  MetricFamily family{std::move(name), "Help.", MetricType::Gauge, {}};
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(metric);
  return family;
}

std::string Text(const std::vector<MetricFamily>& families) {
  return ExpositionSerializer().Serialize(families);
}

std::string OpenMetrics(const std::vector<MetricFamily>& families) {
  return ExpositionSerializer(ExpositionFormat::kOpenMetrics).Serialize(families);
}

std::string Value(double value) {
  std::string out;
  AppendValue(value, out);
  return out;
}

TEST(Exposition, WritesValuesShortAndExact) {
  struct Row {
    double value;
    const char* text;
  };
  const Row rows[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {100000, "100000"},
      {123456789012, "123456789012"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1e15 + 0.5, "1000000000000000.5"},
      {1e16, "1e+16"},
      {1e-5, "1e-05"},
      {0.0001, "0.0001"},
      {1795486460.618483, "1795486460.618483"},
      {std::numeric_limits<double>::infinity(), "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
  };
  for (const Row& row : rows) EXPECT_EQ(row.text, Value(row.value));
}

RC_GTEST_PROP(Exposition, ValuesReadBackExactly, (double value)) {
  RC_PRE(std::isfinite(value));
  RC_ASSERT(ParseNumber<double>(Value(value)) == value);
}

TEST(Exposition, EscapesLabelsAndHelp) {
  MetricFamily family = GaugeFamily("m", {{"path", "a\\b\"c\nd"}}, 1);
  family.help = "one\\two\n\"three\"";
  EXPECT_EQ(
      "# HELP m one\\\\two\\n\"three\"\n# TYPE m gauge\n"
      "m{path=\"a\\\\b\\\"c\\nd\"} 1\n",
      Text({family}));
  EXPECT_EQ(
      "# HELP m one\\\\two\\n\\\"three\\\"\n# TYPE m gauge\n"
      "m{path=\"a\\\\b\\\"c\\nd\"} 1\n# EOF\n",
      OpenMetrics({family}));
}

TEST(Exposition, RepairsInvalidUtf8) {
  EXPECT_EQ("# HELP m Help.\n# TYPE m gauge\nm{site=\"caf\xEF\xBF\xBD\"} 1\n",
            Text({GaugeFamily("m", {{"site", "caf\xE9"}}, 1)}));
}

TEST(Exposition, MergesFamiliesOfOneName) {
  EXPECT_EQ(
      "# HELP a Help.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n"
      "# HELP b Help.\n# TYPE b gauge\nb 3\n",
      Text({GaugeFamily("a", {{"x", "1"}}, 1), GaugeFamily("b", {}, 3),
            GaugeFamily("a", {{"x", "2"}}, 2)}));
}

TEST(Exposition, LeavesOutWhatPrometheusWouldRefuse) {
  MetricFamily counter = GaugeFamily("a", {}, 9);
  counter.type = MetricType::Counter;
  EXPECT_EQ("# HELP a Help.\n# TYPE a gauge\na 1\n",
            Text({GaugeFamily("a", {}, 1), counter, GaugeFamily("bad name", {}, 1),
                  GaugeFamily("a", {{"bad-label", "x"}}, 1), MetricFamily{"empty", "", {}, {}}}));
}

TEST(Exposition, LabelNamesMayChangeFromSampleToSample) {
  MetricFamily family = GaugeFamily("m", {{"x", "1"}}, 1);
  const std::vector<ClientMetric::Label> others[] = {
      {{"x", "2"}}, {{"bad-label", "3"}}, {{"x", "4"}}, {}, {{"y", "5"}, {"z", "6"}}, {{"y", "7"}}};
  for (const auto& labels : others) {
    family.metric.push_back(GaugeFamily("m", labels, 1).metric[0]);
  }
  EXPECT_EQ(
      "# HELP m Help.\n# TYPE m gauge\nm{x=\"1\"} 1\nm{x=\"2\"} 1\nm{x=\"4\"} 1\nm 1\n"
      "m{y=\"5\",z=\"6\"} 1\nm{y=\"7\"} 1\n",
      Text({family}));
}

TEST(Exposition, OpenMetricsNamesCountersByTheRule) {
  MetricFamily right = GaugeFamily("jobs_total", {}, 0);
  right.type = MetricType::Counter;
  right.metric[0].counter.value = 5;
  MetricFamily upstream = right;  // an upstream name that lacks the suffix
  upstream.name = "mysql_global_status_queries";
  MetricFamily untyped = right;
  untyped.name = "node_vmstat_oom_kill";
  untyped.type = MetricType::Untyped;
  EXPECT_EQ(
      "# HELP jobs Help.\n# TYPE jobs counter\njobs_total 5\n"
      "# HELP mysql_global_status_queries Help.\n# TYPE mysql_global_status_queries unknown\n"
      "mysql_global_status_queries 5\n"
      "# HELP node_vmstat_oom_kill Help.\n# TYPE node_vmstat_oom_kill unknown\n"
      "node_vmstat_oom_kill 0\n# EOF\n",
      OpenMetrics({right, upstream, untyped}));
}

TEST(Exposition, TimestampsAreMillisecondsOrSeconds) {
  MetricFamily family = GaugeFamily("m", {}, 1);
  family.metric[0].timestamp_ms = 1500;
  EXPECT_EQ("# HELP m Help.\n# TYPE m gauge\nm 1 1500\n", Text({family}));
  EXPECT_EQ("# HELP m Help.\n# TYPE m gauge\nm 1 1.5\n# EOF\n", OpenMetrics({family}));
}

TEST(Exposition, DoesNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) std::setlocale(LC_ALL, name);
  EXPECT_EQ("1234567.5", Value(1234567.5));
  std::setlocale(LC_ALL, before.c_str());
}

// The library is right for valid UTF-8, plain help, distinct names and values of 16 digits.
rc::Gen<std::string> LabelText() {
  return rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("abcXYZ019 \"\\\n{}=,.:/-_")));
}

rc::Gen<double> ShortValue() {
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<std::int32_t>(), [](std::int32_t v) { return double(v); }),
      rc::gen::map(rc::gen::arbitrary<std::int32_t>(), [](std::int32_t v) { return v / 16.0; }),
      rc::gen::map(rc::gen::inRange(-10, 23), [](int e) { return std::pow(10, e); }),
      rc::gen::element(std::numeric_limits<double>::infinity(),
                       -std::numeric_limits<double>::infinity(), 0.0));
}

rc::Gen<ClientMetric> Metric() {
  return rc::gen::exec([] {
    ClientMetric metric;
    const auto labels = *rc::gen::inRange(0, 4);
    for (int i = 0; i < labels; ++i)
      metric.label.push_back({"l" + std::to_string(i), *LabelText()});
    metric.counter.value = metric.gauge.value = metric.untyped.value = *ShortValue();
    metric.summary.sample_sum = metric.histogram.sample_sum = *ShortValue();
    metric.summary.sample_count = metric.histogram.sample_count =
        *rc::gen::arbitrary<std::uint64_t>();
    metric.summary.quantile = {{0.5, *ShortValue()}, {0.99, *ShortValue()}};
    metric.histogram.bucket = {{1, 0.1}, {2, *ShortValue()}};
    metric.timestamp_ms = *rc::gen::element<std::int64_t>(0, 0, 1795486460618);
    return metric;
  });
}

RC_GTEST_PROP(Exposition, EqualsTheLibraryWhereThatIsRight, ()) {
  std::vector<MetricFamily> families;
  const auto count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    families.push_back(MetricFamily{
        "family_" + std::to_string(i), *rc::gen::element<std::string>("", "Some help."),
        *rc::gen::element(MetricType::Counter, MetricType::Gauge, MetricType::Summary,
                          MetricType::Untyped, MetricType::Histogram),
        *rc::gen::nonEmpty(rc::gen::container<std::vector<ClientMetric>>(Metric()))});
  }
  RC_ASSERT(Text(families) == prometheus::TextSerializer().Serialize(families));
}

RC_GTEST_PROP(Exposition, ForeignBytesNeverBreakALine, (const std::string& value)) {
  const std::string text = Text({GaugeFamily("m", {{"l", value}}, 1)});
  RC_ASSERT(IsValidUtf8(text));
  RC_ASSERT(std::count(text.begin(), text.end(), '\n') == 3);
}

}  // namespace
}  // namespace erpnext
