// SPDX-License-Identifier: Apache-2.0
// Texts of performance_schema are written from tokens, with a blank between two, but not where
// lists were made one token: "IN (...)", "LIMIT ?, ...".
#include "sources/statement_tokens.h"

#include <algorithm>
#include <array>

#include "sources/innodb_locks.h"

namespace erpnext {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || c == '@' || byte >= 0x80;
}

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Longer ones first.
constexpr std::array<std::string_view, 13> kSigns = {
    "?, ...", "(...)", "(?)", "...", "<=>", "<=", ">=", "<>", "!=", ":=", "||", "&&", "->"};

std::string TakeSign(std::string_view& text) {
  for (const std::string_view sign : kSigns) {
    if (!text.starts_with(sign)) continue;
    text.remove_prefix(sign.size());
    return sign.starts_with('?') ? "?" : std::string(sign);
  }
  std::string sign(1, text[0]);
  text.remove_prefix(1);
  return sign;
}

}  // namespace

bool StatementToken::Is(std::string_view word) const {
  return !is_quoted && text.size() == word.size() &&
         std::equal(text.begin(), text.end(), word.begin(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

bool StatementToken::IsName() const {
  return !text.empty() && (is_quoted || (IsWordByte(text[0]) && text[0] != '@' &&
                                         !(text[0] >= '0' && text[0] <= '9')));
}

std::optional<std::vector<StatementToken>> TokensOf(std::string_view text) {
  std::vector<StatementToken> tokens;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return tokens;
    text.remove_prefix(begin);
    if (text[0] == '`') {
      auto name = TakeQuotedName(text);
      if (!name) return std::nullopt;
      tokens.push_back({std::move(*name), true});
    } else if (IsWordByte(text[0])) {
      const auto end = std::find_if_not(text.begin(), text.end(), IsWordByte);
      const auto size = static_cast<std::size_t>(end - text.begin());
      tokens.push_back({std::string(text.substr(0, size))});
      text.remove_prefix(size);
    } else {
      tokens.push_back({TakeSign(text)});
    }
  }
}

}  // namespace erpnext
