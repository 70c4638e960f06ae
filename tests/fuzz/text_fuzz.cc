// SPDX-License-Identifier: Apache-2.0
// Text from outside: repaired UTF-8 is valid, and valid text stays as it is.
#include <string>

#include "core/text.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

namespace {

// Decodes code point by code point, unlike the code under test.
bool IsUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80              ? 1
                               : (lead & 0xE0U) == 0xC0 ? 2
                               : (lead & 0xF0U) == 0xE0 ? 3
                               : (lead & 0xF8U) == 0xF0 ? 4
                                                        : 0;
    if (length == 0) return false;
    unsigned point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0U) != 0x80) return false;
      point = point << 6U | (byte(i + k) & 0x3FU);
    }
    constexpr unsigned kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
      return false;
    }
    i += length;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  Require(erpnext::IsValidUtf8(text) == IsUtf8(text), "both decoders agree");
  const std::string repaired = erpnext::RepairUtf8(text);
  Require(IsUtf8(repaired), "repaired text is valid");
  Require(!IsUtf8(text) || repaired == text, "valid text stays");
  const std::size_t limit = size / 2;
  const std::string_view cut = erpnext::CutUtf8(repaired, limit);
  Require(cut.size() <= limit && IsUtf8(cut), "text is cut between characters");

  std::string joined;
  for (const std::string_view piece : erpnext::Split(text, ',')) joined.append(piece).append(",");
  Require(joined == std::string(text) + ",", "the pieces are the text");
  return 0;
}
