// SPDX-License-Identifier: Apache-2.0
// The slow query log, in which clients have their statements; and those themselves.
#include "sources/slow_log.h"

#include "core/text.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

namespace {

// No literal has a quote in its place.
void CheckText(std::string_view text) {
  bool in_name = false;
  for (const char c : text) {
    if (c == '`') in_name = !in_name;
    Require(in_name || (c != '\'' && c != '"' && c != '\\'),
            "a text has no quotes outside of names");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = erpnext::fuzz::AsText(data, size);
  erpnext::SqlFingerprint fingerprint;
  for (const bool cut_off : {false, true}) {
    const bool clear = fingerprint.Take(text, cut_off);
    Require(clear || fingerprint.text().empty(), "what is not clear has no text");
    CheckText(fingerprint.text());
  }
  std::size_t entries = 0;
  std::size_t lines = 0;
  erpnext::SlowLogParser parser([&](const erpnext::SlowStatement& entry) {
    ++entries;
    Require(entry.cost.seconds >= 0 && entry.cost.seconds <= 1e8, "a time is bounded");
    Require(entry.schema.size() <= 128 && entry.user.size() <= 128, "names are bounded");
    CheckText(entry.text);
  });
  while (const auto line = erpnext::NextLine(text)) {
    parser.Line(*line, line->size() % 64 != 63);
    if (++lines % 32 == 0) parser.Pause();
  }
  parser.Pause();
  parser.Pause();
  Require(entries <= lines, "no more entries than lines");
  return 0;
}
