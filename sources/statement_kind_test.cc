// SPDX-License-Identifier: Apache-2.0
#include "sources/statement_kind.h"

#include <gtest/gtest.h>

namespace erpnext {
namespace {

TEST(StatementKind, IsItsFirstWord) {
  EXPECT_EQ("update", StatementKindOf("UPDATE `tabBin` SET qty = 1"));
  EXPECT_EQ("insert", StatementKindOf(" \n/* FOO */ /**/ insert into t values ('update')"));
  EXPECT_EQ("alter", StatementKindOf("Alter\nTABLE t"));
  EXPECT_EQ("optimize", StatementKindOf("OPTIMIZE TABLE t"));
}

TEST(StatementKind, NothingElseOfTheTextComesThrough) {
  for (const char* text : {"", " ", "/*", "/* update", "/* x */", "'canary'", "(SELECT 1)",
                           "canary", "\xFF\xFE", "UPDAT", "-- update"}) {
    EXPECT_EQ("other", StatementKindOf(text)) << text;
  }
}

}  // namespace
}  // namespace erpnext
