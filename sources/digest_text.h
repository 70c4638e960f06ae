// SPDX-License-Identifier: Apache-2.0
// Puts the tokens of a statement together, with its literals left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace erpnext {

// Lists and rows of literals become one token, by the rules of MariaDB's sql/sql_digest.cc, so that
// statements that differ in their number have one text. Unlike there -1 is a literal, too.
class DigestText {
 public:
  enum class Kind : std::uint8_t {
    kWord,
    kName,
    kOperator,
    kOpen,     // (
    kComma,    // ,
    kDot,      // .
    kNullish,  // IS, NOT: a NULL after it is no literal
    kValue,    // ?
    kValues,   // ?, ...
    kRow,      // (?)
    kLongRow,  // (...)
    kRows,     // (?) /* , ... */
    kLongRows  // (...) /* , ... */
  };

  void Clear();
  void Add(Kind kind, std::string_view text);
  void AddName(std::string_view name);  // which has no backticks around it
  void AddValue();
  void AddClose();  // the bracket
  void DropLast();

  // Of the last token; an operator where there is none.
  Kind Last(std::size_t from_end = 0) const {
    return from_end < tokens_.size() ? tokens_[tokens_.size() - 1 - from_end].kind
                                     : Kind::kOperator;
  }

  const std::string& text() const { return text_; }

 private:
  struct Token {
    Kind kind;
    std::size_t begin;  // in the text, with the blank before it
  };

  void ReplaceLast(std::size_t tokens, Kind kind, std::string_view text);
  bool EndsWithSign() const;

  std::string text_;
  std::vector<Token> tokens_;
};

// The text, cut behind a token and with " ..." behind it when it is longer than `bytes`.
std::string ShortDigestText(std::string_view text, std::size_t bytes);

}  // namespace erpnext
