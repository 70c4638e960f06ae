// SPDX-License-Identifier: Apache-2.0
// Indexes of a real Frappe's tables that nothing uses, as a real MariaDB counts their use.
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "captures.h"
#include "collectors/index_adviser.h"
#include "mariadb_process.h"

namespace erpnext {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kSchema = "_frappe";

// Indexes that nothing uses are planted beside Frappe's own two, of which one is used.
constexpr const char* kPlant = R"(
ALTER TABLE `tabActivity Log` ADD INDEX owner_index (owner), ADD INDEX user_index (user, status),
  ADD UNIQUE INDEX once (full_name);
INSERT INTO `tabActivity Log` (name, creation, owner, user, full_name, reference_doctype,
  reference_name) SELECT seq, NOW(), seq, seq, seq, seq MOD 100, seq FROM seq_1_to_3000;
ANALYZE TABLE `tabActivity Log`;
)";
constexpr const char* kUse = R"(
SELECT COUNT(content) FROM `tabActivity Log` FORCE INDEX (PRIMARY) WHERE name > '';
SELECT COUNT(content) FROM `tabActivity Log` WHERE reference_doctype = '7' AND reference_name > '';
)";

class CapturedIndexes : public testing::Test {
 protected:
  void SetUp() override {
    REQUIRE_CAPTURES();
    mariadb_.emplace();
    mariadb_->Run(kSchema,
                  "SET GLOBAL userstat = 1;\n" +
                      ReadGzip(CapturesFolder() / "frappe-v16dev/mariadb/schema_site1.sql.gz"));
    mariadb_->Run(kSchema, kPlant);
    MariadbLogin login;
    login.address = mariadb_->address();
    Bench bench;
    server_ = std::make_unique<MariadbSessions>(MariadbOptionsFor(bench, login));
  }

  std::vector<std::string> Advice(double counted_seconds) {
    AdviceLimits limits;
    limits.unused_seconds = counted_seconds;
    const auto report = IndexAdviser(limits).Advise(*server_, {}, {{"b", "a.example", kSchema}},
                                                    Deadline::After(std::chrono::seconds(20)));
    if (!report) return {report.error().message};
    std::vector<std::string> texts;
    for (const SiteAdvice& each : report->advice) {
      texts.push_back(fmt::format("{} {} {}", AdviceKindName(each.advice.kind), each.advice.table,
                                  each.advice.index));
      EXPECT_NEAR(3000, each.advice.rows.value_or(0), 300);
      EXPECT_EQ(3000, each.advice.writes);
    }
    return texts;
  }

  std::optional<MariadbProcess> mariadb_;
  std::unique_ptr<MariadbSessions> server_;
};

TEST_F(CapturedIndexes, OnlyThoseThatNothingUses) {
  EXPECT_THAT(Advice(0), IsEmpty()) << "the table has not been read yet";
  mariadb_->Run(kSchema, kUse);
  EXPECT_THAT(Advice(0),
              UnorderedElementsAre("unused tabActivity Log owner_index",
                                   "unused tabActivity Log user_index",
                                   "unused tabActivity Log timeline_doctype_timeline_name_index"));
  EXPECT_THAT(Advice(7 * 86400), IsEmpty()) << "it has just begun to count";
  mariadb_->Run(kSchema, "SELECT COUNT(content) FROM `tabActivity Log` WHERE owner = '7'");
  mariadb_->Run(kSchema, "ALTER TABLE `tabActivity Log` DROP INDEX user_index");
  EXPECT_THAT(Advice(0),
              UnorderedElementsAre("unused tabActivity Log timeline_doctype_timeline_name_index"));
}

}  // namespace
}  // namespace erpnext
