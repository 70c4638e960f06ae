// SPDX-License-Identifier: Apache-2.0
// Times, ids, descriptions and names of queues as workers write them into Redis.
#include <cmath>

#include "sources/rq.h"
#include "sources/rq_job.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  if (const auto time = erpnext::ParseRqTime(text)) {
    Require(std::isfinite(*time), "a time is a number");
    Require(*time > -1e11 && *time < 1e12, "a year has four digits");
  }
  for (const std::string_view prefix : {"", "home-frappe-bench:"}) {
    if (const auto queue = erpnext::FrappeQueueName(text, prefix)) {
      Require(text.ends_with(*queue), "a queue's name is the end of the key");
    }
  }
  if (const auto job = erpnext::RqJobOfExecution(text)) {
    Require(text.starts_with(*job) && text.size() == job->size() + 33, "a colon and 32 digits");
  }
  if (const auto site = erpnext::SiteOfJobId(text)) {
    Require(!site->empty() && text.starts_with(*site), "the site is the beginning of the id");
  }
  if (const auto site = erpnext::SiteOfDescription(text)) {
    Require(text.find(*site) != std::string_view::npos, "the site is part of the description");
  }
  const std::string_view half = text.substr(0, size / 2);
  if (const auto method = erpnext::MethodOfJob(half, text.substr(size / 2))) {
    Require(method->size() <= 140 && method->find('.') != std::string_view::npos, "a dotted path");
  }
  return 0;
}
