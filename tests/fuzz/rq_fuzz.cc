// SPDX-License-Identifier: Apache-2.0
// Times and queue names as workers write them into Redis.
#include <cmath>

#include "sources/rq.h"
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
  return 0;
}
