// SPDX-License-Identifier: Apache-2.0
// Gzip documents put together from parts that were compressed earlier.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace erpnext {

// A text compressed on its own: raw deflate blocks that end on a byte and refer to nothing before
// them, so that parts can stand behind each other in one stream (RFC 1951, 1952).
struct GzipPart {
  std::string deflated;
  std::uint32_t crc = 0;
  std::uint64_t length = 0;
};

GzipPart Compress(std::string_view text);

// One gzip member with the texts of all parts in their order.
std::string AssembleGzip(std::span<const GzipPart* const> parts);

}  // namespace erpnext
