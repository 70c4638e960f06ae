// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share: bytes as text, and conditions that end the run when they are false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace erpnext::fuzz {

inline std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not true: %s\n", what);
  std::abort();
}

// A password in front of the foreign bytes, to see that no error text repeats it.
inline constexpr std::string_view kPassword = "tr0ub4dor-and-3";

}  // namespace erpnext::fuzz
