// SPDX-License-Identifier: Apache-2.0
// The text of SHOW ENGINE INNODB STATUS and the error log, in which clients have their statements.
#include "core/text.h"
#include "sources/mariadb_error_log.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

namespace {

void Check(const erpnext::Deadlock& deadlock) {
  Require(!deadlock.sides.empty() && deadlock.sides.size() <= 16, "one to sixteen sides");
  Require(!deadlock.victim || *deadlock.victim < deadlock.sides.size(), "the victim is a side");
  for (const erpnext::DeadlockSide& side : deadlock.sides) {
    Require(side.statement.size() <= 8, "a kind of statement, never its text");
    Require(!side.wants || side.wants->mode.size() <= 40, "a mode is short");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  (void)erpnext::ParseTableName(text);
  erpnext::DeadlockFinder finder;
  for (const std::string_view line : erpnext::Split(text, '\n')) {
    if (const auto logged = finder.Take(erpnext::ParseErrorLogLine(line))) Check(*logged);
  }
  if (const auto deadlock = erpnext::LatestDeadlock(text)) Check(*deadlock);
  return 0;
}
