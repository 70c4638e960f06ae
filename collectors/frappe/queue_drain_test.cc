// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/queue_drain.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace erpnext {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

SteadyTime At(double seconds) {
  return SteadyTime{} + std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
}

// What it says after readings every `step` seconds up to `end`.
std::optional<double> After(double end, double step, const std::function<double(double)>& length) {
  QueueDrain drain;
  for (double t = 0; t <= end; t += step) drain.Add(At(t), length(t));
  return drain.Seconds();
}

TEST(QueueDrain, SaysWhenTheQueueIsEmpty) {
  struct {
    const char* name;
    double end, step;
    std::function<double(double)> length;
    std::optional<double> expected;
  } const cases[] = {
      {"empty from the first reading on", 0, 15, [](double) { return 0; }, 0},
      {"not known yet", 45, 15, [](double t) { return 100 - t; }, std::nullopt},
      {"one job a second", 60, 15, [](double t) { return 100 - t; }, 40},
      {"it grows", 120, 15, [](double t) { return 100 + t; }, kNever},
      {"it stands still", 120, 15, [](double) { return 7; }, kNever},
      {"emptied at last", 120, 15, [](double t) { return 120 - t; }, 0},
      {"it grew once, and has been shrinking for five minutes", 600, 15,
       [](double t) { return t < 300 ? 1000 + t : 1600 - t; }, 1000},
      {"scraped every second", 120, 1, [](double t) { return 500 - 2 * t; }, 130},
      {"scraped sixteen times a second", 90, 0.0625, [](double t) { return 500 - 2 * t; }, 160},
  };
  for (const auto& test : cases) {
    const auto seconds = After(test.end, test.step, test.length);
    ASSERT_EQ(test.expected.has_value(), seconds.has_value()) << test.name;
    if (!seconds) continue;
    EXPECT_EQ(std::isinf(*test.expected), std::isinf(*seconds)) << test.name;
    if (std::isinf(*seconds)) continue;
    EXPECT_NEAR(*test.expected, *seconds, 1e-6) << test.name;
  }
}

TEST(QueueDrain, AGapLongerThanTheWindowStartsAnew) {
  QueueDrain drain;
  for (int t = 0; t <= 120; t += 15) drain.Add(At(t), 1000 - t);
  drain.Add(At(1000), 50);
  EXPECT_EQ(std::nullopt, drain.Seconds());
}

RC_GTEST_PROP(QueueDrain, IsNeverNegativeNorNotANumber, (std::vector<unsigned> lengths)) {
  QueueDrain drain;
  double t = 0;
  for (const unsigned length : lengths) drain.Add(At(t += 10), length);
  if (const auto seconds = drain.Seconds()) {
    RC_ASSERT(!std::isnan(*seconds));
    RC_ASSERT(*seconds >= 0);
  }
}

}  // namespace
}  // namespace erpnext
