// SPDX-License-Identifier: Apache-2.0
#include "sources/patches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace erpnext {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Patches, WithSections) {
  EXPECT_THAT(ParsePatches("# comment\n; another\n[pre_model_sync]\nfrappe.patches.a\n"
                           "  execute:frappe.x(\"a=b\") #2024-01-01  \n\n#off\n;off\n"
                           "[post_model_sync]\nfinally: frappe.patches.z\nfrappe.patches.b # note\n"
                           "[other]\nfrappe.patches.never\n"),
              ElementsAre("frappe.patches.a", "execute:frappe.x(\"a=b\") #2024-01-01",
                          "frappe.patches.z", "frappe.patches.b # note"));
}

TEST(Patches, WithoutSections) {
  EXPECT_THAT(ParsePatches("app.patches.a\r\n#off\n\n app.patches.b \n[odd]\n"),
              ElementsAre("app.patches.a", "app.patches.b", "[odd]"));
  EXPECT_THAT(ParsePatches(""), IsEmpty());
  EXPECT_THAT(ParsePatches("\n#x\n"), IsEmpty());
}

TEST(Patches, AppNames) {
  EXPECT_THAT(ParseAppNames(R"(["frappe", "erpnext", 3, null])"), ElementsAre("frappe", "erpnext"));
  for (const char* bad : {"", "{}", "\"frappe\"", "[\"frappe\"", "null", "[[[["}) {
    EXPECT_THAT(ParseAppNames(bad), IsEmpty()) << bad;
  }
}

TEST(Patches, Pending) {
  EXPECT_EQ(0u, CountPending({"a", "b"}, {"a", "b", "c"}));
  EXPECT_EQ(2u, CountPending({"a", "b", "b #2", "b"}, {"a"}));
  EXPECT_EQ(0u, CountPending({}, {}));
}

}  // namespace
}  // namespace erpnext
