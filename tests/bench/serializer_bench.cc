// SPDX-License-Identifier: Apache-2.0
// How long a sample takes from the collector to the bytes of a scrape, and how much faster the
// serializer is than the library's.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <prometheus/text_serializer.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/sample_sink.h"
#include "exporter/exposition.h"
#include "exporter/gzip.h"
#include "exporter/snapshot.h"

namespace erpnext {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::size_t kSeriesPerFamily = 100;
constexpr std::array<std::string_view, kMaxLabels> kLabelNames = {"bench", "queue", "state"};

std::array<std::string, 3> LabelValues(std::size_t i) {
  return {"frappe-bench", fmt::format("queue-{}", i / 10), fmt::format("state-{}", i % 10)};
}

// Half of the values are whole numbers, as counts are; half have all their digits, as times do.
double ValueOf(std::size_t i) {
  return i % 2 == 0 ? static_cast<double>(i * 37) : static_cast<double>(i) * 0.7310585786300049;
}

std::vector<MetricFamily> Families(std::size_t series) {
  std::vector<MetricFamily> families;
  for (std::size_t i = 0; i < series; ++i) {
    if (i % kSeriesPerFamily == 0) {
      families.push_back({fmt::format("erpnext_bench_family_{}_seconds", i / kSeriesPerFamily),
                          "A family of the benchmark.",
                          MetricType::Gauge,
                          {}});
    }
    ClientMetric metric;
    const auto values = LabelValues(i % kSeriesPerFamily);
    for (std::size_t l = 0; l < values.size(); ++l) {
      metric.label.push_back({std::string(kLabelNames[l]), values[l]});
    }
    metric.gauge.value = ValueOf(i);
    families.back().metric.push_back(std::move(metric));
  }
  return families;
}

template <typename Serializer>
void Serialize(benchmark::State& state) {
  const auto families = Families(static_cast<std::size_t>(state.range(0)));
  const Serializer serializer;
  for (auto _ : state) {
    std::string text = serializer.Serialize(families);
    benchmark::DoNotOptimize(text);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Serialize<ExpositionSerializer>)->Arg(2'000)->Arg(20'000);
BENCHMARK(Serialize<prometheus::TextSerializer>)->Arg(2'000)->Arg(20'000);

constexpr Family kSinkFamily{.name = "erpnext_bench_family_seconds",
                             .labels = kLabelNames,
                             .help = "A family of the benchmark.",
                             .source = "benchmark"};
constexpr const Family* kSinkFamilies[] = {&kSinkFamily};

// What a collector pays for a sample: checks, copies, search for duplicates.
void SinkAdd(benchmark::State& state) {
  std::vector<std::array<std::string, 3>> labels;
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
    labels.push_back(LabelValues(i));
  }
  for (auto _ : state) {
    SampleSink sink(kSinkFamilies, {.series_per_family = labels.size()});
    for (std::size_t i = 0; i < labels.size(); ++i) {
      sink.Add(kSinkFamily, {labels[i][0], labels[i][1], labels[i][2]}, ValueOf(i));
    }
    auto families = sink.Take();
    benchmark::DoNotOptimize(families);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(SinkAdd)->Arg(2'000)->Arg(20'000);

// The first scrape of a new snapshot: text and gzip are made once, by whoever asks first.
void RenderSnapshot(benchmark::State& state) {
  const auto families = Families(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    const Snapshot snapshot(families);
    state.ResumeTiming();
    benchmark::DoNotOptimize(snapshot.Gzip(ExpositionFormat::kText));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(RenderSnapshot)->Arg(2'000)->Arg(20'000);

// Each further scrape: the parts of ten collectors behind each other.
void AssembleCached(benchmark::State& state) {
  constexpr std::size_t kCollectors = 10;
  const Snapshot snapshot(Families(static_cast<std::size_t>(state.range(0)) / kCollectors));
  const std::vector<const GzipPart*> parts(kCollectors, &snapshot.Gzip(ExpositionFormat::kText));
  for (auto _ : state) {
    std::string document = AssembleGzip(parts);
    benchmark::DoNotOptimize(document);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AssembleCached)->Arg(2'000)->Arg(20'000);

double ThreadCpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double SecondsOnce(const prometheus::Serializer& serializer,
                   const std::vector<MetricFamily>& families) {
  const double begin = ThreadCpuSeconds();
  std::string text = serializer.Serialize(families);
  benchmark::DoNotOptimize(text);
  return ThreadCpuSeconds() - begin;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Processor time, and in turns, so that what else the machine does hits both alike.
void PrintRatio(std::size_t series) {
  constexpr int kRounds = 101;
  const auto families = Families(series);
  const ExpositionSerializer ours;
  const prometheus::TextSerializer library;
  std::vector<double> ours_seconds;
  std::vector<double> library_seconds;
  for (int i = 0; i < kRounds; ++i) {
    ours_seconds.push_back(SecondsOnce(ours, families));
    library_seconds.push_back(SecondsOnce(library, families));
  }
  const double ours_median = Median(ours_seconds);
  const double library_median = Median(library_seconds);
  fmt::print("serializer ratio: series={} ours_ms={:.3f} library_ms={:.3f} ratio={:.2f}\n", series,
             ours_median * 1e3, library_median * 1e3, library_median / ours_median);
}

}  // namespace
}  // namespace erpnext

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  for (std::size_t series : {2'000U, 20'000U}) erpnext::PrintRatio(series);
}
