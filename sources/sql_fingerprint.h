// SPDX-License-Identifier: Apache-2.0
// The kind of an SQL statement: its text without the values in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sources/digest_text.h"

namespace erpnext {

// Writes statements as MariaDB writes its DIGEST_TEXT: reserved words in capitals, names in
// backticks, each literal as ?, no comments. Unlike there a name is the same with and without
// backticks.
//
// No part of a literal is ever in the text. Whether a backslash escapes a quote is a setting of
// each session (NO_BACKSLASH_ESCAPES, ANSI_QUOTES): read the wrong way, what was inside of a string
// is outside from there on. A statement that makes sense both ways has no text; neither has one
// that was cut off after a quote with a backslash before it, nor one with quotes in a comment that
// only some versions execute.
//
// One thread at a time.
class SqlFingerprint {
 public:
  // False when the statement has no text, see above, or ends within a string, a name or a comment.
  // `cut_off`: its end is not here.
  bool Take(std::string_view statement, bool cut_off = false);

  // Of the last statement; may be longer than it. Valid until the next.
  std::string_view text() const { return text_; }
  // Whether the last statement ended within a string, a name or a comment.
  bool open_ended() const { return open_; }

 private:
  enum class Escapes : std::uint8_t { kAll, kSingleQuotes, kNone };

  void Read(std::string_view statement, Escapes escapes);
  void Step();
  void Punctuation(char c, char next);
  void SkipLine();
  void Comment();
  void String(char quote);
  void Name();
  void Word();
  void Number();
  void Variable();
  void Operator();

  std::string_view rest_;  // what of the statement is still to be read
  Escapes escapes_ = Escapes::kAll;
  DigestText digest_;
  bool open_ = false;
  bool nonsense_ = false;  // there is no such SQL, or one cannot tell what it is
  bool escaped_ = false;   // a quote had a backslash before it
  std::string text_;
};

// The number by which a text is known, in 16 hexadecimal digits.
std::string FingerprintId(std::string_view text);

}  // namespace erpnext
