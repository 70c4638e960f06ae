// SPDX-License-Identifier: Apache-2.0
#include "sources/rq_job.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace erpnext {
namespace {

using Text = std::optional<std::string_view>;

TEST(RqJob, TheSiteStandsBeforeTheSeparator) {
  const std::pair<const char*, Text> cases[] = {
      {"erp.example.com::0b6c2a0e", "erp.example.com"},
      {"erp.example.com||0b6c2a0e", "erp.example.com"},
      {"erp.example.com::scheduled_job::frappe.email.queue.flush", "erp.example.com"},
      {"erp.example.com||a::b", "erp.example.com"},
      {"erp.example.com::a||b", "erp.example.com"},
      {"0b6c2a0e-0000-4000-8000-000000000000", std::nullopt},
      {"::x", std::nullopt},
      {"a:b|c", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [id, site] : cases) EXPECT_EQ(site, SiteOfJobId(id)) << id;
}

std::string Description(const std::string& arguments) {
  return "frappe.utils.background_jobs.execute_job(event=None, is_async=True, " + arguments + ")";
}

TEST(RqJob, SiteAndMethodAreTheLastOfTheirName) {
  struct {
    const char* arguments;
    Text site, method;
  } const cases[] = {
      {"kwargs={}, method='erpnext.a.b', site='one.example.com', user='Guest'", "one.example.com",
       "erpnext.a.b"},
      {"kwargs={'x': \", method='evil.a', site='evil'\"}, method='erpnext.a.b', site='one'", "one",
       "erpnext.a.b"},
      {"kwargs={}, method='erpnext.a.b', site=\"o'ne\"", "o'ne", "erpnext.a.b"},
      {"kwargs={}, method='frappe.core.doctype.scheduled_job_type.run_scheduled_jo..., site='one'",
       "one", std::nullopt},
      {"method=<function x at 0x7f>, site='one'", "one", std::nullopt},
      {"method='rm -rf /', site='one'", "one", std::nullopt},
      {"method='', site=''", "", std::nullopt},
      {"", std::nullopt, std::nullopt},
  };
  for (const auto& test : cases) {
    const std::string text = Description(test.arguments);
    EXPECT_EQ(test.site, SiteOfDescription(text)) << test.arguments;
    EXPECT_EQ(test.method, MethodOfJob("0b6c", text)) << test.arguments;
  }
}

TEST(RqJob, AScheduledJobOfVersion15SaysItsMethodInItsId) {
  EXPECT_EQ("frappe.email.queue.flush",
            MethodOfJob("a::scheduled_job::frappe.email.queue.flush", ""));
  EXPECT_EQ(std::nullopt, MethodOfJob("a||scheduled_job||k56qihqqtl", "")) << "version 16";
  EXPECT_EQ("a.b", MethodOfJob("s::scheduled_job::", Description("method='a.b', site='s'")));
}

RC_GTEST_PROP(RqJob, WhatIsSaidIsPartOfTheText, (const std::string& id, const std::string& text)) {
  if (const auto site = SiteOfJobId(id)) RC_ASSERT(id.starts_with(*site));
  const std::string description = Description(text);
  if (const auto site = SiteOfDescription(description)) {
    RC_ASSERT(description.find(*site) != std::string::npos);
  }
  if (const auto method = MethodOfJob(id, description)) RC_ASSERT(method->size() <= 140u);
}

}  // namespace
}  // namespace erpnext
