// SPDX-License-Identifier: Apache-2.0
// What is a bad sign, as data: conditions on single families.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "collectors/diagnosis.h"

namespace erpnext {

enum class Is : std::uint8_t { kEqual, kAbove, kBelow };

struct Matcher {
  std::string_view label;
  std::string_view value;  // "!..." for any other
};

struct Symptom {
  Severity severity;
  std::string_view family;
  std::array<Matcher, 4> matchers;  // all of them
  Is is;
  double limit;
  std::string_view text;  // {label}, {value}, and {time} for a value in seconds
  // Only of sites whose scheduler is meant to run: active, or kept from it by a fault.
  bool of_meant_to_run = false;
};

// In static storage. The worst of a family comes first, for a series has the first that fits.
std::span<const Symptom> AllSymptoms();

}  // namespace erpnext
