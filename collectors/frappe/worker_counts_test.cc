// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/worker_counts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

const WorkerCounts::Group kShort = "short";
const WorkerCounts::Group kLong = "long";

class WorkerCountsTest : public testing::Test {
 protected:
  void Add(const std::vector<WorkerCounts::Worker>& workers) {
    now_ += std::chrono::seconds(15);
    counts_.Add(workers, now_);
  }
  double Successful(const WorkerCounts::Group& group) const {
    return counts_.totals().at(group).successful_jobs;
  }

  WorkerCounts counts_;
  SteadyTime now_{};
};

TEST_F(WorkerCountsTest, WhatWasDoneBeforeTheFirstLookIsNotNew) {
  Add({{"a", kShort, {100, 7, 55.5}}});
  EXPECT_EQ(0, Successful(kShort));
  Add({{"a", kShort, {103, 8, 57.5}}});
  EXPECT_EQ(3, Successful(kShort));
  EXPECT_EQ(1, counts_.totals().at(kShort).failed_jobs);
  EXPECT_EQ(2, counts_.totals().at(kShort).busy_seconds);
}

TEST_F(WorkerCountsTest, ARestartedWorkerGoesOnWhereTheOldOneEnded) {
  Add({{"a", kShort, {100, 0, 0}}});
  Add({{"a", kShort, {105, 0, 0}}});
  Add({{"b", kShort, {2, 0, 0}}});
  EXPECT_EQ(7, Successful(kShort));
  Add({});
  EXPECT_EQ(7, Successful(kShort)) << "the group stays when nobody is in it";
}

TEST_F(WorkerCountsTest, AWorkerThatComesBackIsNotCountedTwice) {
  Add({});
  Add({{"a", kLong, {50, 0, 0}}});
  Add({});
  Add({{"a", kLong, {51, 0, 0}}});
  EXPECT_EQ(51, Successful(kLong));
}

TEST_F(WorkerCountsTest, AFigureThatFellBeganAnew) {
  Add({{"a", kShort, {100, 0, 0}}});
  Add({{"a", kShort, {4, 0, 0}}});
  EXPECT_EQ(4, Successful(kShort));
}

TEST_F(WorkerCountsTest, NamesOfQueuesWithoutEndGoIntoOneGroup) {
  Add({});
  for (int i = 0; i < 5'000; ++i) {
    Add({{std::to_string(i), std::to_string(i), {1, 0, 0}}});
  }
  EXPECT_LE(counts_.totals().size(), 1'001u);
  double sum = 0;
  for (const auto& [group, work] : counts_.totals()) sum += work.successful_jobs;
  EXPECT_EQ(5'000, sum);
}

RC_GTEST_PROP(WorkerCounts, NeverFall, (std::vector<std::map<char, unsigned char>> moments)) {
  WorkerCounts counts;
  double before = 0;
  SteadyTime now{};
  for (const auto& moment : moments) {
    std::vector<WorkerCounts::Worker> workers;
    for (const auto& [name, jobs] : moment) {
      workers.push_back({std::string(1, name), kShort, {static_cast<double>(jobs), 0, 0}});
    }
    counts.Add(workers, now += std::chrono::hours(3));
    const auto total = counts.totals().find(kShort);
    if (total == counts.totals().end()) continue;
    RC_ASSERT(total->second.successful_jobs >= before);
    before = total->second.successful_jobs;
  }
}

}  // namespace
}  // namespace erpnext
