// SPDX-License-Identifier: Apache-2.0
// Finds which of many regular expressions match a line, in one pass.
#pragma once

#include <re2/re2.h>
#include <re2/set.h>

#include <memory>
#include <string_view>
#include <vector>

#include "collectors/context.h"
#include "core/result.h"

namespace erpnext {

// The patterns that come with the program, in the order of their names.
const std::vector<LogPattern>& BundledLogPatterns();

// Malformed, with the byte position in the regular expression, when RE2 does not take it; also for
// a name that is no label-like word, and for a severity that is none of the four.
Status CheckLogPattern(const LogPattern& pattern);

// Thread-safe once made. Lines are bytes: invalid UTF-8 is matched like any other.
class PatternSet {
 public:
  // Patterns that fail CheckLogPattern are left out, and so are names that occurred before.
  explicit PatternSet(std::vector<LogPattern> patterns);

  const std::vector<LogPattern>& patterns() const { return patterns_; }
  // Of the first pattern that was left out.
  const Status& status() const { return status_; }

  // Sets `matched` to the indexes of the patterns that match.
  void Match(std::string_view line, std::vector<int>& matched) const;

 private:
  std::vector<LogPattern> patterns_;
  Status status_;
  std::unique_ptr<re2::RE2::Set> set_;
  // Asked one by one when the set runs out of memory for its automaton.
  std::vector<std::unique_ptr<re2::RE2>> singles_;
};

}  // namespace erpnext
