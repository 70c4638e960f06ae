// SPDX-License-Identifier: Apache-2.0
// The slow query log of MariaDB 5.5 to 11 and MySQL 8, line by line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sources/sql_fingerprint.h"
#include "sources/statement_digests.h"

namespace erpnext {

struct SlowStatement {
  std::string_view user;    // as whom it ran
  std::string_view schema;  // that was chosen; empty: none
  std::string_view text;    // its kind, without values; empty where that is not sure
  bool ours = false;        // marked as one of this program's
  bool tells_plan = false;  // with log_slow_verbosity=query_plan: what follows is known
  StatementCost cost;       // of one execution; without_index, full_scans, tmp_disk_tables
};

// An entry is a header that begins with "# User@Host:" and has a "# Query_time:", and a statement
// of any number of lines up to the next header. The log does not mark what is inside of a
// statement: lines there that look like a header are taken for one only where no string, name or
// comment is open. Behind a statement that is too long to tell, headers count, but their statements
// have no text until Pause. What cannot be told apart: a header that a client wrote outside of
// everything, behind a semicolon of its own. It counts as an entry.
//
// One thread at a time. Needs as much memory as two statements of kMaxStatement.
class SlowLogParser {
 public:
  static constexpr std::size_t kMaxStatement = 64U << 10;  // of a longer one the beginning

  // Valid until the call returns.
  using Sink = std::function<void(const SlowStatement&)>;

  explicit SlowLogParser(Sink sink) : sink_(std::move(sink)) {}

  // The next line, without its end; `whole` is false for one that was cut off.
  void Line(std::string_view line, bool whole = true);

  // All lines that there are now were given. A statement that is complete is told at once, not with
  // the next header. The server writes entries as a whole: what comes later is a new one.
  void Pause();

 private:
  enum class State : std::uint8_t {
    kNone,       // what comes is of no use before a header
    kHeader,     // after "# User@Host:"
    kTimed,      // after "# Query_time:"
    kStatement,  // in its text
  };

  void Begin(std::string_view line);
  void HeaderLine(std::string_view line);
  void Field(std::string_view key, std::string_view value);
  void StatementLine(std::string_view line, bool whole);
  bool Complete();
  void Tell();

  Sink sink_;
  SqlFingerprint fingerprint_;
  State state_ = State::kNone;
  std::string user_;
  std::string schema_;
  std::string used_schema_;  // by "use x;", for logs whose headers have no Schema
  SlowStatement entry_;
  bool in_doubt_ = false;  // whether its header is one

  std::string statement_;     // the beginning of it
  bool cut_off_ = false;      // there is more of it
  bool command_ = false;      // of the protocol, not a statement
  bool ends_ = false;         // its last line ended with a semicolon
  bool has_text_ = false;     // of the fingerprint, as Complete found
  int looks_ = 0;             // how often it was looked for its end
  bool doubt_ = false;        // whether we are inside of a string
  bool lines_since_ = false;  // the last Pause
};

}  // namespace erpnext
