// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/site_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "collectors/testing/collect.h"
#include "core/testing/manual_clock.h"
#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr double kNow = 1795521600;  // 2026-11-24 12:00 UTC, 13:00 in Berlin

// The databases of all sites: the first answer whose texts all occur in the statement.
class Databases final : public MariadbServer {
 public:
  struct Known {
    std::vector<std::string> texts;
    Result<MariadbTable> answer;
  };
  std::vector<Known> known;
  std::set<std::string> hidden;  // "table.column", "table"
  std::vector<std::string> statements;

  void Set(std::vector<std::string> texts, std::vector<std::optional<std::string>> row) {
    known.insert(known.begin(), {std::move(texts), MariadbTable{{}, {std::move(row)}}});
  }

  Result<MariadbTable> Query(std::string_view statement, Deadline) override {
    statements.emplace_back(statement);
    const auto has = [&](const std::string& text) {
      return statement.find(text) != std::string_view::npos;
    };
    for (const auto& [texts, answer] : known) {
      // That one names all tables.
      if (has("information_schema") && texts[0] != "information_schema") continue;
      if (std::all_of(texts.begin(), texts.end(), has)) return answer;
    }
    if (has("information_schema")) return Columns();
    if (has("tabSingles")) return MariadbTable{{}, {{"time_zone", "Europe/Berlin"}}};
    if (has("tabEmail Account")) return MariadbTable{{}, {{"2", "1", "0", "0"}}};
    if (has("GROUP BY status")) return MariadbTable{};
    if (has("defvalue")) return MariadbTable{};
    if (has("MIN(")) return MariadbTable{{}, {{"0", std::nullopt}}};
    return MariadbTable{{}, {{"0"}}};
  }

 private:
  MariadbTable Columns() const {
    MariadbTable table;
    for (const SiteTable& each : kSiteHealthCollector.site_tables) {
      const std::string name(each.name);
      for (std::string_view column : each.columns) {
        if (hidden.contains(name) || hidden.contains(name + "." + std::string(column))) continue;
        table.rows.push_back({name, std::string(column), "varchar"});
      }
    }
    return table;
  }
};

class SiteHealthTest : public testing::Test {
 protected:
  SiteHealthTest() {
    context_.clock = &clock_;
    context_.settings.proc_path = proc_.path();
    context_.mariadb_server = [this](const MariadbOptions&) { return databases_; };
    bench_.config = FrappeConfig::Parse(R"({"db_host": "127.0.0.1"})", "x").value();
    AddSite(bench_, "a.example.com", R"({"db_name": "_a", "db_password": "p"})");
    Publish(context_, {bench_});
  }
  Collected Run() {
    if (!collector_) collector_ = kSiteHealthCollector.make(context_);
    return Collect(kSiteHealthCollector, *collector_);
  }
  static std::string Series(std::string_view name, std::string_view rest = "") {
    return fmt::format(R"(erpnext_{}{{bench="b",site="a.example.com"{}}})", name, rest);
  }

  ManualClock clock_ = ManualClock::AtUnix(kNow);
  TempFolder proc_;
  CollectorContext context_;
  std::shared_ptr<Databases> databases_ = std::make_shared<Databases>();
  Bench bench_ = MakeBench("b");
  std::unique_ptr<Collector> collector_;
};

TEST_F(SiteHealthTest, TellsAllThereIs) {
  databases_->known.push_back(
      {{"GROUP BY status"},
       MariadbTable{{}, {{"Not Sent", "3"}, {"Sent", "120"}, {"Error", "2"}, {"New one", "1"}}}});
  databases_->Set({"MIN("}, {"3", "2026-11-24 12:00:00.000000"});
  databases_->Set({"'Sending'"}, {"1"});
  databases_->Set({"suspend_email_queue"}, {"__default", "suspend_email_queue", "1"});
  databases_->Set({"tabEmail Account"}, {"2", "1", "1", "0"});
  databases_->Set({"tabError Log"}, {"26"});
  databases_->Set({"tabActivity Log", "2026-10-25 13:00:00"}, {"6"});
  databases_->Set({"tabActivity Log", "2026-11-23 13:00:00"}, {"4"});
  databases_->Set({"tabSessions"}, {"17"});
  databases_->Set({"tabUser`"}, {"9"});
  databases_->Set({"tabUser`", "enabled = 1", "2026-10-25 13:00:00"}, {"3"});
  databases_->Set({"tabCommunication`", "2026-11-17 13:00:00", "'Received'"}, {"11"});
  databases_->Set({"tabIntegration Request"}, {"5"});
  databases_->Set({"'Queued'"}, {"2"});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status) << collected.status.error().message;
  ExpectGolden("site_health", collected.text);
}

TEST_F(SiteHealthTest, AQuietSiteHasZerosAndNoAge) {
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("0", collected.Value(Series("email_queue_emails", ",status=\"error\"")));
  EXPECT_EQ("0", collected.Value(Series("email_due_emails")));
  EXPECT_EQ("absent", collected.Value(Series("email_oldest_unsent_age_seconds")));
  EXPECT_EQ("0",
            collected.Value(Series("email_sending_suspended", ",reason=\"suspend_email_queue\"")));
}

TEST_F(SiteHealthTest, AsksInTheTimeOfTheSiteAndNeverWithoutABound) {
  Run();
  EXPECT_THAT(databases_->statements,
              Contains(AllOf(HasSubstr("`_a`.`tabError Log`"),
                             HasSubstr("creation > '2026-11-23 13:00:00' AND modified > "
                                       "'2026-11-23 13:00:00'"))));
  EXPECT_THAT(
      databases_->statements,
      Contains(AllOf(HasSubstr("'Sending'"), HasSubstr("modified < '2026-11-24 12:45:00'"))));
  for (const std::string& statement : databases_->statements) {
    if (statement.find("tabEmail Account") != std::string::npos ||  // a handful of rows
        statement.find("information_schema") != std::string::npos ||
        statement.find("tabSingles") != std::string::npos) {
      continue;
    }
    EXPECT_THAT(statement, HasSubstr(" LIMIT ")) << statement;
  }
}

TEST_F(SiteHealthTest, WhatIsNotThereTakesNothingElseAway) {
  databases_->hidden = {"tabWebhook Request Log", "tabEmail Account.no_failed", "tabSessions"};
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("absent", collected.Value(Series("site_failed_documents", ",kind=\"webhook\"")));
  EXPECT_EQ("0", collected.Value(Series("site_failed_documents", ",kind=\"data_import\"")));
  EXPECT_EQ("absent", collected.Value(Series("site_sessions")));
  EXPECT_THAT(collected.text, Not(HasSubstr("erpnext_email_accounts{")));
  EXPECT_EQ("0", collected.Value(Series("site_errors")));
}

TEST_F(SiteHealthTest, AFailedStatementIsToldAndTheRestIsThere) {
  databases_->known.push_back(
      {{"tabError Log"}, Fail(ErrorKind::kTimeout, "the server took too long")});
  const Collected collected = Run();
  EXPECT_EQ("timeout", collected.Kind());
  EXPECT_EQ("absent", collected.Value(Series("site_errors")));
  EXPECT_EQ("0", collected.Value(Series("site_users")));
}

TEST_F(SiteHealthTest, ADatabaseThatIsGoneAffectsNoOtherSite) {
  AddSite(bench_, "gone.example.com", R"({"db_name": "_gone", "db_password": "p"})");
  Publish(context_, {bench_});
  databases_->known.push_back({{"information_schema", "'_gone'"}, MariadbTable{}});
  const Collected collected = Run();
  EXPECT_EQ("permission", collected.Kind());
  EXPECT_EQ("0", collected.Value(Series("site_users")));
  EXPECT_THAT(collected.text, Not(HasSubstr("erpnext_site_users{bench=\"b\",site=\"gone")));
  EXPECT_THAT(collected.text, HasSubstr("erpnext_email_sending_suspended{bench=\"b\",site=\"gone."
                                        "example.com\",reason=\"mute_emails\"} 0"));
}

TEST_F(SiteHealthTest, MutedEmailsAreReadFromTheConfiguration) {
  const std::pair<const char*, const char*> cases[] = {
      {"1", "1"}, {"true", "1"}, {"\"1\"", "1"}, {"0", "0"}, {"\"0\"", "0"}, {"\"yes\"", "0"}};
  for (const auto& [value, expected] : cases) {
    Bench muted = MakeBench("b", fmt::format(R"({{"mute_emails": {}}})", value));
    AddSite(muted, "a.example.com");
    Publish(context_, {muted});
    EXPECT_EQ(expected, Run().Value(Series("email_sending_suspended", ",reason=\"mute_emails\"")))
        << value;
  }
}

TEST_F(SiteHealthTest, FrappeThirteenHoldsItsQueueByAnotherName) {
  const auto reasons = [&](std::vector<std::vector<std::optional<std::string>>> rows) {
    databases_->known.insert(databases_->known.begin(),
                             {{"hold_queue"}, MariadbTable{{}, std::move(rows)}});
    const Collected run = Run();
    return run.Value(Series("email_sending_suspended", ",reason=\"suspend_email_queue\"")) + " " +
           run.Value(Series("email_sending_suspended", ",reason=\"hold_queue\""));
  };
  EXPECT_EQ("0 absent", reasons({}));
  EXPECT_EQ("0 1", reasons({{"__default", "hold_queue", "1"}}));
  EXPECT_EQ("0 0", reasons({{"__default", "hold_queue", "0"}}));
  EXPECT_EQ("0 1", reasons({{"Administrator", "hold_queue", "1"}}));
  EXPECT_EQ("0 0",
            reasons({{"Administrator", "hold_queue", "0"}, {"__default", "hold_queue", "1"}}));
  EXPECT_EQ("0 1",
            reasons({{"__default", "hold_queue", "0"}, {"Administrator", "hold_queue", "1"}}));
  EXPECT_EQ("1 0", reasons({{"__default", "suspend_email_queue", "1"},
                            {"Administrator", "suspend_email_queue", "0"},
                            {"__default", "hold_queue", std::nullopt}}));
}

TEST_F(SiteHealthTest, HostileAnswersAreNoFigures) {
  databases_->Set({"tabError Log"}, {"many"});
  databases_->Set({"MIN("}, {"3", "0000-00-00 00:00:00"});
  databases_->Set({"suspend_email_queue"}, {std::nullopt, std::nullopt, std::nullopt});
  databases_->known.insert(databases_->known.begin(),
                           {{"tabSessions"}, MariadbTable{{}, {{}, {"1"}}}});
  const Collected collected = Run();
  EXPECT_EQ("absent", collected.Value(Series("site_errors")));
  EXPECT_EQ("absent", collected.Value(Series("email_oldest_unsent_age_seconds")));
  EXPECT_EQ("absent", collected.Value(Series("site_sessions")));
  databases_->Set({"MIN("}, {"3", "2026-11-24 14:30:00.000000"});  // a clock that is ahead
  EXPECT_EQ("0", Run().Value(Series("email_oldest_unsent_age_seconds")));
}

TEST_F(SiteHealthTest, SaysNothingWithoutBenches) {
  Publish(context_, {});
  EXPECT_EQ("", Run().text);
}

}  // namespace
}  // namespace erpnext
