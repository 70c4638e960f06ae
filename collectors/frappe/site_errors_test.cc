// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/site_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr double kNow = 1795521600;     // 2026-11-24 12:00 UTC, 13:00 in Berlin
constexpr double kAutumn = 1792886400;  // 2026-10-25 00:00 UTC, 02:00 in Berlin, for the first time

// Error Log of a site, answering as MariaDB would.
class ErrorLog final : public MariadbServer {
 public:
  struct Row {
    std::string name, creation, method, error;
  };
  std::vector<Row> rows;
  std::vector<std::string> columns = {"name", "creation", "modified", "method", "error"};
  std::optional<Error> failure;       // of every statement
  std::optional<Error> text_failure;  // of those that read texts, after the first so many
  int texts_before_failure = 0;
  std::vector<std::string> statements;

  void Add(const std::string& name, const std::string& time, const std::string& error = "") {
    rows.push_back({name, time[4] == '-' ? time : "2026-11-24 " + time, "a.b", error});
  }

  Result<MariadbTable> Query(std::string_view view, Deadline) override {
    const std::string statement(view);
    statements.push_back(statement);
    if (failure) return Fail(*failure);
    MariadbTable table;
    if (statement.find("information_schema") != std::string::npos) {
      for (const char* column : {"doctype", "field", "value"}) {
        table.rows.push_back({"tabSingles", column, "varchar"});
      }
      for (const auto& column : columns) {
        table.rows.push_back({"tabError Log", column, "varchar"});
      }
      return table;
    }
    if (statement.find("tabSingles") != std::string::npos) {
      table.rows.push_back({"time_zone", "Europe/Berlin"});
      return table;
    }
    if (statement.find("RIGHT(error") != std::string::npos) {
      if (text_failure && texts_before_failure-- <= 0) return Fail(*text_failure);
      for (const Row& row : rows) {
        if (statement.find("'" + row.name + "'") == std::string::npos) continue;
        table.rows.push_back({row.name, row.method, row.error});
      }
      return table;
    }
    return Newest(statement);
  }

 private:
  MariadbTable Newest(const std::string& statement) const {
    const std::string kWhere = "creation > '";
    const std::size_t begin = statement.find(kWhere) + kWhere.size();
    const std::string since = statement.substr(begin, statement.find('\'', begin) - begin);
    std::vector<Row> newest = rows;
    std::stable_sort(newest.begin(), newest.end(),
                     [](const Row& a, const Row& b) { return a.creation > b.creation; });
    MariadbTable table;
    for (const Row& row : newest) {
      if (row.creation > since && table.rows.size() < 10'000) {
        table.rows.push_back({row.name, row.creation});
      }
    }
    return table;
  }
};

class SiteErrorsTest : public testing::Test {
 protected:
  SiteErrorsTest() {
    context_.clock = &clock_;
    context_.settings.proc_path = proc_.path();
    context_.mariadb_server = [this](const MariadbOptions&) { return log_; };
    AddSite(bench_, "a.example.com", R"({"db_name": "_a"})");
    Publish(context_, {bench_});
  }
  Collected Run() {
    if (!collector_) collector_ = kSiteErrorsCollector.make(context_);
    return Collect(kSiteErrorsCollector, *collector_);
  }
  void SetClock(double unix_seconds) {
    clock_.Advance(
        std::chrono::seconds(static_cast<std::int64_t>(unix_seconds - UnixSeconds(clock_.Wall()))));
  }
  std::string Count(const std::string& family) {
    return Run().Value(fmt::format(
        R"(erpnext_site_errors_total{{bench="b",site="a.example.com",family="{}"}})", family));
  }

  ManualClock clock_ = ManualClock::AtUnix(kNow);
  TempFolder proc_;
  CollectorContext context_;
  std::shared_ptr<ErrorLog> log_ = std::make_shared<ErrorLog>();
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(SiteErrorsTest, CountsWhatComesByFamily) {
  log_->Add("old", "12:30:00.000000", "KeyError: 'x'");
  Run();
  log_->Add("n1", "12:59:59.000000",
            "  File \"x\"\npymysql.err.OperationalError: (1213, 'Deadlock')");
  log_->Add("n2", "12:59:59.000000", "  File \"x\"\nKeyError: 'x'");
  log_->Add("n3", "12:59:59.500000", "hello");
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  ExpectGolden("site_errors", collected.text);
}

TEST_F(SiteErrorsTest, CountsEachRowOnceHoweverLateItShows) {
  log_->Add("n0", "12:59:00.000000");
  EXPECT_EQ("0", Count("message"));
  log_->Add("n1", "13:00:10.000000");
  EXPECT_EQ("1", Count("message"));
  EXPECT_EQ("1", Count("message"));
  clock_.Advance(60s);
  log_->Add("late", "11:45:00.000000");  // of a transaction of more than an hour
  EXPECT_EQ("2", Count("message"));
  clock_.Advance(60s);
  EXPECT_EQ("2", Count("message"));
}

TEST_F(SiteErrorsTest, NeverFallsWhenTheLogIsCleared) {
  Run();
  log_->Add("1", "13:00:10.000000");
  EXPECT_EQ("1", Count("message"));
  log_->rows.clear();
  EXPECT_EQ("1", Count("message"));
  log_->Add("1", "13:00:20.000000");  // numbers begin anew in an emptied table
  EXPECT_EQ("2", Count("message"));
}

TEST_F(SiteErrorsTest, CountsWhatCameWhileTheDatabaseWasAway) {
  Run();
  log_->failure = Error{ErrorKind::kRefused, "no"};
  clock_.Advance(5h);
  EXPECT_EQ("refused", Run().Kind());
  EXPECT_EQ("0", Count("message"));  // what was counted is still so
  log_->failure.reset();
  log_->Add("n1", "13:05:00.000000");
  log_->Add("n2", "17:05:00.000000");
  EXPECT_EQ("2", Count("message"));
  EXPECT_EQ("2", Count("message"));
}

TEST_F(SiteErrorsTest, ARowIsTriedAgainWhenItsTextCouldNotBeRead) {
  Run();
  log_->Add("n1", "13:00:10.000000", "  File \"x\"\nKeyError: 'x'");
  log_->text_failure = Error{ErrorKind::kTimeout, "slow"};
  EXPECT_EQ("timeout", Run().Kind());
  log_->text_failure.reset();
  EXPECT_EQ("1", Count("code"));
  EXPECT_EQ("0", Count("unread"));
}

TEST_F(SiteErrorsTest, WhatWasCountedBeforeAFailureIsNotCountedAgain) {
  Run();
  for (int i = 0; i < 300; ++i) log_->Add(fmt::format("n{}", i), "13:00:10.000000");
  log_->text_failure = Error{ErrorKind::kTimeout, "slow"};
  log_->texts_before_failure = 1;
  EXPECT_EQ("200", Count("message"));
  log_->text_failure.reset();
  EXPECT_EQ("300", Count("message"));
}

TEST_F(SiteErrorsTest, CountsOnceInTheHourThatComesTwice) {
  SetClock(kAutumn);
  Run();
  double expected = 0;
  for (int minute = 5; minute < 8 * 60; minute += 5) {  // local times go back by an hour at 60
    clock_.Advance(5min);
    const int local = 120 + minute - (minute >= 60 ? 60 : 0);
    log_->Add(fmt::format("n{}", minute),
              fmt::format("2026-10-25 {:02}:{:02}:00.000000", local / 60, local % 60));
    ASSERT_EQ(fmt::format("{}", ++expected), Count("message")) << minute;
  }
}

TEST_F(SiteErrorsTest, AClockThatWasAheadDoesNotEndTheCounting) {
  SetClock(kNow + 30 * 86400);
  Run();
  SetClock(kNow);
  EXPECT_EQ("0", Count("message"));
  log_->Add("n1", "13:00:10.000000");
  EXPECT_EQ("1", Count("message"));
}

TEST_F(SiteErrorsTest, AStormCostsABoundedNumberOfTexts) {
  Run();
  for (int i = 0; i < 12'000; ++i) {
    log_->Add(fmt::format("n{}", i), fmt::format("13:00:10.{:06}", i), "KeyError: 'x'");
  }
  log_->statements.clear();
  EXPECT_EQ("2000", Count("code"));
  EXPECT_EQ(11, log_->statements.size());
  EXPECT_EQ("8000", Count("unread"));
  // Those that were too many stay so.
  std::erase_if(log_->rows,
                [](const auto& row) { return row.creation >= "2026-11-24 13:00:10.005"; });
  EXPECT_EQ("8000", Count("unread"));
  EXPECT_EQ("2000", Count("code"));
}

TEST_F(SiteErrorsTest, WithoutAGrantOnTheTextsThereIsNoCount) {
  log_->columns = {"creation", "modified"};
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("", collected.text);
}

TEST_F(SiteErrorsTest, HostileRowsAreNoErrorOfOurs) {
  Run();
  log_->Add("' OR 1=1 --", "13:00:10.000000", "KeyError: 'x'");
  log_->rows.push_back({"n", "", "", ""});
  EXPECT_TRUE(Run().status);
  EXPECT_THAT(log_->statements.back(), HasSubstr("IN (''' OR 1=1 --')"));
}

TEST_F(SiteErrorsTest, SaysNothingWithoutBenches) {
  Publish(context_, {});
  EXPECT_EQ("", Run().text);
}

}  // namespace
}  // namespace erpnext
