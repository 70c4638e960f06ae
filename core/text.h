// SPDX-License-Identifier: Apache-2.0
// Pure helpers for text that comes from outside: split, trim, numbers, UTF-8.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace erpnext {

// Without the blanks, tabs and line ends around it.
std::string_view Trim(std::string_view text);

// "a,,b" gives three pieces, "" gives one empty piece.
std::vector<std::string_view> Split(std::string_view text, char separator);

// The pieces between runs of blanks and tabs; no empty ones.
std::vector<std::string_view> SplitBlanks(std::string_view text);

// Cuts the next line off `text` and returns it without its line end; nothing at the end of text.
std::optional<std::string_view> NextLine(std::string_view& text);

std::string ToLower(std::string_view text);  // ASCII only

// The whole of `text` must be the number, in the C locale: no blanks, no sign before unsigned.
// Nothing when it is not, or when it does not fit.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

bool IsValidUtf8(std::string_view text);

// Each byte that cannot be part of valid UTF-8 becomes U+FFFD. Prometheus refuses a whole scrape
// for one bad byte.
std::string RepairUtf8(std::string_view text);

// For a terminal, which would obey control characters in what others wrote: each is a '?'.
std::string Printable(std::string_view text);

// The same on every machine and in every version, so that it may be kept in a file (FNV-1a).
std::uint64_t StableHash(std::string_view bytes);

// Not longer than `bytes`, cut between two characters of valid UTF-8.
std::string_view CutUtf8(std::string_view text, std::size_t bytes);

}  // namespace erpnext
