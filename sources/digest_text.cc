// SPDX-License-Identifier: Apache-2.0
// One blank between two tokens.
#include "sources/digest_text.h"

#include <algorithm>

#include "core/text.h"

namespace erpnext {

void DigestText::Clear() {
  text_.clear();
  tokens_.clear();
}

void DigestText::Add(Kind kind, std::string_view text) {
  tokens_.push_back({kind, text_.size()});
  if (!text_.empty()) text_ += ' ';
  text_.append(text);
}

void DigestText::AddName(std::string_view name) {
  Add(Kind::kName, "`");
  text_.append(name);
  text_ += '`';
}

void DigestText::DropLast() {
  if (tokens_.empty()) return;
  text_.resize(tokens_.back().begin);
  tokens_.pop_back();
}

void DigestText::ReplaceLast(std::size_t tokens, Kind kind, std::string_view text) {
  for (std::size_t i = 0; i < tokens; ++i) DropLast();
  Add(kind, text);
}

// Of a number: it is behind nothing that the number could be added to.
bool DigestText::EndsWithSign() const {
  if (tokens_.empty() || Last() != Kind::kOperator) return false;
  if (text_.back() != '-' && text_.back() != '+') return false;
  const Kind before = Last(1);
  return before == Kind::kOperator || before == Kind::kOpen || before == Kind::kComma ||
         before == Kind::kWord;
}

void DigestText::AddValue() {
  if (EndsWithSign()) DropLast();
  if (Last() == Kind::kComma && (Last(1) == Kind::kValue || Last(1) == Kind::kValues)) {
    ReplaceLast(2, Kind::kValues, "?, ...");
  } else {
    Add(Kind::kValue, "?");
  }
}

void DigestText::AddClose() {
  const bool one = Last() == Kind::kValue;
  if (Last(1) != Kind::kOpen || (!one && Last() != Kind::kValues)) {
    Add(Kind::kName, ")");  // a sign behind it adds
    return;
  }
  ReplaceLast(2, one ? Kind::kRow : Kind::kLongRow, one ? "(?)" : "(...)");
  if (Last(1) != Kind::kComma) return;
  const Kind before = Last(2);
  if (one && (before == Kind::kRow || before == Kind::kRows)) {
    ReplaceLast(3, Kind::kRows, "(?) /* , ... */");
  } else if (!one && (before == Kind::kLongRow || before == Kind::kLongRows)) {
    ReplaceLast(3, Kind::kLongRows, "(...) /* , ... */");
  }
}

std::string ShortDigestText(std::string_view text, std::size_t bytes) {
  constexpr std::string_view kMore = " ...";
  if (text.size() <= bytes) return std::string(text);
  text = CutUtf8(text, bytes - std::min(bytes, kMore.size()));
  text = text.substr(0, std::min(text.rfind(' '), text.size()));
  return std::string(text).append(kMore);
}

}  // namespace erpnext
