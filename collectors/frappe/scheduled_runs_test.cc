// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/scheduled_runs.h"

#include <gtest/gtest.h>

#include "collectors/frappe/scheduler_site.h"
#include "core/text.h"

namespace erpnext {
namespace {

constexpr double kNow = 1795521600;  // 2026-11-24 12:00 UTC

// The table itself, with the two conditions that are asked for.
class JobLog final : public MariadbServer {
 public:
  struct Entry {
    std::string status, creation;
  };
  std::map<std::string, Entry> rows;  // by name
  std::string type = "bigint";

  void Add(int number, const std::string& status) { rows[std::to_string(number)] = {status, ""}; }
  void AddUpTo(int number, const std::string& status) {
    for (int i = 1; i <= number; ++i) Add(i, status);
  }

  Result<MariadbTable> Query(std::string_view statement, Deadline) override {
    if (statement.find("information_schema") != std::string_view::npos) {
      MariadbTable columns;
      for (std::string_view column : kJobLogColumns) {
        columns.rows.push_back({std::string(kJobLog), std::string(column),
                                column == "name" ? type : std::string("datetime")});
      }
      return columns;
    }
    if (statement.find("SELECT MAX(name)") != std::string_view::npos) return Newest();
    const auto after = [&](std::string_view word) {
      const std::size_t at = statement.find(word);
      return at == std::string_view::npos
                 ? std::string_view()
                 : statement.substr(
                       at + word.size(),
                       statement.find_first_of(" '", at + word.size()) - at - word.size());
    };
    if (const auto number = ParseNumber<std::int64_t>(after("name > "))) {
      std::map<std::int64_t, std::string> found;
      for (const auto& [name, entry] : rows) {
        const auto own = ParseNumber<std::int64_t>(name).value();
        if (own > *number) found.emplace(own, entry.status);
      }
      return Answer(found);
    }
    const std::size_t at = statement.find("creation > '") + 12;
    const std::string since(statement.substr(at, 19));
    std::map<std::string, std::string> found;
    for (const auto& [name, entry] : rows) {
      if (entry.creation > since) found.emplace(name, entry.status);
    }
    return Answer(found);
  }

 private:
  Result<MariadbTable> Newest() const {
    std::optional<std::string> newest;
    for (const auto& [name, entry] : rows) {
      if (!newest || std::stoll(name) > std::stoll(*newest)) newest = name;
    }
    return MariadbTable{{}, {{newest}}};
  }
  template <typename Key>
  static MariadbTable Answer(const std::map<Key, std::string>& found) {
    MariadbTable table;
    for (const auto& [name, status] : found) {
      if (table.rows.size() == 1000) break;
      table.rows.push_back({fmt::format("{}", name), status});
    }
    return table;
  }
};

class ScheduledRunsTest : public testing::Test {
 protected:
  // "complete failed" after one more look.
  std::string Look(double now = kNow) {
    if (!database_) database_.emplace(SiteTarget{"s", "_s", {}}, log_, "t", kScheduleTables);
    const Deadline deadline = Deadline::After(std::chrono::seconds(20));
    EXPECT_TRUE(database_->Open(SteadyTime{}, deadline));
    EXPECT_TRUE(runs_.Read(*database_, zone_, now, deadline).value());
    return fmt::format("{} {}", runs_.complete(), runs_.failed());
  }

  std::shared_ptr<JobLog> log_ = std::make_shared<JobLog>();
  std::optional<SiteDatabase> database_;
  ScheduledRuns runs_;
  SiteZone zone_ = SiteZone::Find("Europe/Berlin").value();
};

TEST_F(ScheduledRunsTest, WhatWasThereAtTheBeginningDoesNotCount) {
  log_->AddUpTo(500, "Complete");
  log_->Add(500, "Failed");
  EXPECT_EQ("0 0", Look());
  EXPECT_EQ("0 0", Look());
  log_->Add(501, "Failed");
  log_->Add(502, "Complete");
  EXPECT_EQ("1 1", Look());
  EXPECT_EQ("1 1", Look());
}

TEST_F(ScheduledRunsTest, ARunCountsOnceWhenItHasEnded) {
  log_->AddUpTo(10, "Complete");
  log_->Add(10, "Start");
  EXPECT_EQ("0 0", Look());
  log_->Add(11, "Scheduled");
  log_->Add(12, "Complete");
  EXPECT_EQ("1 0", Look());
  log_->Add(10, "Failed");  // began before we looked
  log_->Add(11, "Complete");
  EXPECT_EQ("2 1", Look());
  EXPECT_EQ("2 1", Look());
}

TEST_F(ScheduledRunsTest, ALongRunIsWaitedForAmongMany) {
  log_->AddUpTo(1000, "Complete");
  Look();
  log_->Add(1001, "Start");
  for (int i = 1002; i <= 1290; ++i) log_->Add(i, "Complete");
  EXPECT_EQ("289 0", Look());
  log_->Add(1001, "Failed");
  EXPECT_EQ("289 1", Look());
}

TEST_F(ScheduledRunsTest, ARunThatWasKilledIsGivenUp) {
  log_->AddUpTo(1000, "Complete");
  Look();
  log_->Add(1001, "Start");
  for (int i = 1002; i <= 1400; ++i) log_->Add(i, "Complete");
  EXPECT_EQ("399 0", Look());
  log_->Add(1001, "Failed");
  EXPECT_EQ("399 0", Look());
}

TEST_F(ScheduledRunsTest, ARowThatShowsLateIsCounted) {
  log_->AddUpTo(100, "Complete");
  Look();
  log_->Add(102, "Complete");
  EXPECT_EQ("1 0", Look());
  log_->Add(101, "Complete");  // its transaction took longer
  EXPECT_EQ("2 0", Look());
}

TEST_F(ScheduledRunsTest, TheCountDoesNotFallWithTheTable) {
  log_->AddUpTo(200, "Complete");
  Look();
  log_->Add(201, "Complete");
  EXPECT_EQ("1 0", Look());
  log_->rows.clear();  // bench clear-log-table
  EXPECT_EQ("1 0", Look());
  log_->Add(202, "Failed");
  EXPECT_EQ("1 1", Look());
  log_->rows.clear();
  log_->AddUpTo(50, "Failed");  // an older copy was restored
  EXPECT_EQ("1 1", Look());
  EXPECT_EQ("1 1", Look());
  log_->Add(51, "Complete");
  EXPECT_EQ("2 1", Look());
}

TEST_F(ScheduledRunsTest, AnOlderCopyOfTheTableIsNotCounted) {
  log_->AddUpTo(900, "Complete");
  Look();
  log_->rows.clear();
  log_->AddUpTo(300, "Complete");
  EXPECT_EQ("0 0", Look());
  EXPECT_EQ("0 0", Look());
  log_->Add(301, "Complete");
  EXPECT_EQ("1 0", Look());
}

TEST_F(ScheduledRunsTest, AfterALongPauseAllIsCountedPieceByPiece) {
  log_->AddUpTo(100, "Complete");
  Look();
  log_->AddUpTo(2600, "Complete");
  Look();
  Look();
  Look();
  EXPECT_EQ("2500 0", Look());
}

TEST_F(ScheduledRunsTest, RowsWithoutNumbersAreKnownByTheirTime) {
  log_->type = "varchar";  // as in Frappe 15.8
  log_->rows["a1f"] = {"Complete", "2026-11-24 12:50:00.000000"};
  log_->rows["b2e"] = {"Start", "2026-11-24 12:55:00.000000"};
  EXPECT_EQ("0 0", Look());
  log_->rows["b2e"].status = "Failed";
  log_->rows["012"] = {"Complete", "2026-11-24 13:00:10.000000"};
  EXPECT_EQ("1 1", Look(kNow + 30));
  EXPECT_EQ("1 1", Look(kNow + 60));
  log_->rows["old"] = {"Complete", "2026-11-24 09:00:00.000000"};
  EXPECT_EQ("1 1", Look(kNow + 90));
}

TEST_F(ScheduledRunsTest, ClocksThatAreSetBackCountNothingTwice) {
  log_->type = "varchar";
  constexpr double kBack = 1792890000;  // 03:00 becomes 02:00 in Berlin
  Look(kBack - 600);
  log_->rows["a"] = {"Complete", "2026-10-25 01:30:00.000000"};
  log_->rows["b"] = {"Complete", "2026-10-25 02:55:00.000000"};
  EXPECT_EQ("2 0", Look(kBack - 60));
  EXPECT_EQ("2 0", Look(kBack + 5400)) << "the window has moved on";
  log_->rows["c"] = {"Complete", "2026-10-25 02:31:00.000000"};
  EXPECT_EQ("3 0", Look(kBack + 5400));
  for (int minute = 90; minute < 400; ++minute) {
    EXPECT_EQ("3 0", Look(kBack + 60 * minute)) << minute;
  }
}

}  // namespace
}  // namespace erpnext
