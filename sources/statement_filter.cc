// SPDX-License-Identifier: Apache-2.0
// A condition that is not understood is left out and said to be (is_whole), as long as it is one of
// several that must all hold. With OR nothing is certain of any part.
#include "sources/statement_filter.h"

#include <algorithm>
#include <span>

#include "core/text.h"
#include "sources/statement_digests.h"
#include "sources/statement_tokens.h"

namespace erpnext {
namespace {

using Tokens = std::span<const StatementToken>;

constexpr int kMaxDepth = 16;  // of parentheses

bool IsOneOf(const StatementToken& token, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return token.Is(word); });
}

// How many tokens stand before the first of `words` that is in no parentheses.
std::size_t FindWord(Tokens tokens, std::initializer_list<std::string_view> words) {
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (depth == 0 && IsOneOf(tokens[i], words)) return i;
    if (tokens[i].Is("(")) ++depth;
    if (tokens[i].Is(")")) --depth;
  }
  return tokens.size();
}

// "`name`", "`table` . `name`" or "`schema` . `table` . `name`": how many tokens, or 0.
std::size_t NameLength(Tokens tokens) {
  std::size_t length = 0;
  while (length < tokens.size() && length < 5 && tokens[length].IsName()) {
    if (length + 2 >= tokens.size() || !tokens[length + 1].Is(".")) return length + 1;
    length += 2;
  }
  return 0;
}

class FilterParser {
 public:
  std::optional<StatementFilter> Parse(Tokens tokens) {
    if (tokens.empty() || !IsCertain(tokens)) return std::nullopt;
    const StatementToken verb = tokens[0];
    tokens = tokens.subspan(1);
    const bool done = verb.Is("SELECT")   ? Select(tokens)
                      : verb.Is("UPDATE") ? Update(tokens)
                      : verb.Is("DELETE") ? Delete(tokens)
                                          : false;
    return done ? std::optional(std::move(filter_)) : std::nullopt;
  }

 private:
  // No join, no part that is a statement itself, nothing that decides how rows are found.
  static bool IsCertain(Tokens tokens) {
    return std::none_of(tokens.begin() + 1, tokens.end(), [](const StatementToken& token) {
      return IsOneOf(token, {"SELECT", "JOIN", "STRAIGHT_JOIN", "UNION", "EXCEPT", "INTERSECT",
                             "INDEX", "KEY", "PARTITION", "PROCEDURE", "INTO", "CASE",
                             "SQL_CALC_FOUND_ROWS", "MATCH", "OVER"});
    });
  }

  bool Select(Tokens tokens) {
    const std::size_t from = FindWord(tokens, {"FROM"});
    if (from == tokens.size()) return false;
    filter_.is_summed = IsSummed(tokens.first(from));
    tokens = tokens.subspan(from + 1);
    return Table(tokens) && Where(tokens) && Rest(tokens);
  }

  bool Update(Tokens tokens) {
    if (!Table(tokens) || tokens.empty() || !tokens[0].Is("SET")) return false;
    filter_.is_summed = true;  // rows that already were as wanted are not counted as changed
    tokens = tokens.subspan(FindWord(tokens, {"WHERE"}));
    return Where(tokens) && Rest(tokens);
  }

  bool Delete(Tokens tokens) {
    if (tokens.empty() || !tokens[0].Is("FROM")) return false;
    tokens = tokens.subspan(1);
    return Table(tokens) && Where(tokens) && Rest(tokens);
  }

  // Functions of one row do not change how many rows are sent; of others it is not known.
  static bool IsSummed(Tokens list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].Is("DISTINCT")) return true;
      if (!list[i].Is("(") && !list[i].Is("(...)") && !list[i].Is("(?)")) continue;
      const bool known = i > 0 && IsOneOf(list[i - 1], {"IFNULL", "COALESCE", "ROUND", "CONCAT",
                                                        "DATE", "IF", "ABS", "(", ","});
      if (!known) return true;
    }
    return false;
  }

  // The table and its alias.
  bool Table(Tokens& tokens) {
    const std::size_t length = NameLength(tokens);
    if (length != 1 && length != 3) return false;
    if (!tokens[0].is_quoted && length == 1 && tokens[0].Is("DUAL")) return false;
    filter_.table = tokens[length - 1].text;
    if (length == 3) filter_.schema = tokens[0].text;
    tokens = tokens.subspan(length);
    if (!tokens.empty() && tokens[0].Is("AS")) tokens = tokens.subspan(1);
    const bool has_alias =
        !tokens.empty() && tokens[0].IsName() &&
        (tokens[0].is_quoted || !IsOneOf(tokens[0], {"SET", "WHERE", "GROUP", "HAVING", "ORDER",
                                                     "LIMIT", "FOR", "LOCK", "USE", "FORCE"}));
    if (has_alias) {
      alias_ = tokens[0].text;
      tokens = tokens.subspan(1);
    }
    return true;
  }

  bool Where(Tokens& tokens) {
    if (tokens.empty() || !tokens[0].Is("WHERE")) return true;
    tokens = tokens.subspan(1);
    const std::size_t end =
        FindWord(tokens, {"GROUP", "HAVING", "ORDER", "LIMIT", "FOR", "LOCK", "RETURNING", ";"});
    if (end == 0) return false;
    Conditions(tokens.first(end), 0);
    tokens = tokens.subspan(end);
    return true;
  }

  // Parts that must all hold.
  void Conditions(Tokens tokens, int depth) {
    const bool certain = depth < kMaxDepth && !tokens.empty() &&
                         FindWord(tokens, {"OR", "XOR", "||"}) == tokens.size();
    if (!certain) {
      filter_.is_whole = false;
      return;
    }
    while (!tokens.empty()) {
      std::size_t end = FindWord(tokens, {"AND", "&&"});
      // The AND of "x BETWEEN ? AND ?" is its own.
      if (FindWord(tokens.first(end), {"BETWEEN"}) != end) {
        const std::size_t behind = std::min(end + 1, tokens.size());
        end = behind + FindWord(tokens.subspan(behind), {"AND", "&&"});
      }
      Condition(tokens.first(end), depth);
      tokens = tokens.subspan(std::min(end + 1, tokens.size()));
    }
  }

  void Condition(Tokens tokens, int depth) {
    const bool in_parentheses = tokens.size() > 2 && tokens[0].Is("(") &&
                                FindWord(tokens.subspan(1), {")"}) == tokens.size() - 2;
    if (in_parentheses) return Conditions(tokens.subspan(1, tokens.size() - 2), depth + 1);
    // "? = ?", as Frappe's 1=1, leaves out no row.
    if (tokens.size() == 3 && IsValue(tokens.first(1)) && IsValue(tokens.subspan(2))) return;
    const auto column = Column(tokens);
    if (!column || !Compare(*column, tokens)) filter_.is_whole = false;
  }

  // A column of the table, cut off. Nothing when it is of another table, or is none.
  std::optional<std::string> Column(Tokens& tokens) {
    const std::size_t length = NameLength(tokens);
    if (length == 0) return std::nullopt;
    const StatementToken& column = tokens[length - 1];
    if (length >= 3) {
      const std::string_view table = tokens[length - 3].text;
      if (alias_.empty() ? table != filter_.table : table != alias_) return std::nullopt;
    }
    tokens = tokens.subspan(length);
    return column.is_quoted ? std::string(column.text) : ToLower(column.text);
  }

  static bool IsValue(Tokens tokens) {
    if (!tokens.empty() && IsOneOf(tokens[0], {"-", "+"})) tokens = tokens.subspan(1);
    return tokens.size() == 1 && tokens[0].Is("?");
  }

  bool Compare(const std::string& column, Tokens tokens) {
    if (tokens.empty()) return false;
    const StatementToken& how = tokens[0];
    const Tokens with = tokens.subspan(1);
    if (IsOneOf(how, {"=", "<=>"}) && IsValue(with)) return Add(filter_.equal, column);
    if (IsOneOf(how, {"<", "<=", ">", ">="}) && IsValue(with)) return Add(filter_.range, column);
    if (how.Is("IS") && with.size() == 1 && with[0].Is("NULL")) return Add(filter_.equal, column);
    if (how.Is("IN")) {
      const bool one = with.size() == 1 && with[0].Is("(?)");
      if (!one && !(with.size() == 1 && with[0].Is("(...)"))) return false;
      if (!one) filter_.has_lists = true;
      return Add(filter_.equal, column);
    }
    const std::size_t second = FindWord(with, {"AND"});
    return how.Is("BETWEEN") && second < with.size() && IsValue(with.first(second)) &&
           IsValue(with.subspan(second + 1)) && Add(filter_.range, column);
  }

  static bool Add(std::vector<std::string>& columns, const std::string& column) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      columns.push_back(column);
    }
    return true;
  }

  // What stands behind the conditions.
  bool Rest(Tokens tokens) {
    if (!tokens.empty() && IsOneOf(tokens[0], {"GROUP", "HAVING"})) {
      filter_.is_summed = true;
      tokens = tokens.subspan(FindWord(tokens, {"ORDER", "LIMIT", "FOR", "LOCK", ";"}));
    }
    if (!tokens.empty() && tokens[0].Is("ORDER") && !Order(tokens)) return false;
    if (!tokens.empty() && tokens[0].Is("LIMIT")) {
      filter_.is_limited = true;
      tokens = tokens.subspan(FindWord(tokens, {"FOR", "LOCK", ";"}));
    }
    return tokens.empty() || IsOneOf(tokens[0], {"FOR", "LOCK", "RETURNING"}) ||
           (tokens[0].Is(";") && tokens.size() == 1);
  }

  bool Order(Tokens& tokens) {
    if (tokens.size() < 3 || !tokens[1].Is("BY")) return false;
    tokens = tokens.subspan(2);
    const std::size_t end = FindWord(tokens, {"LIMIT", "FOR", "LOCK", ";"});
    Tokens list = tokens.first(end);
    tokens = tokens.subspan(end);
    filter_.is_sorted = true;
    const auto column = Column(list);
    if (!list.empty() && IsOneOf(list[0], {"ASC", "DESC"})) list = list.subspan(1);
    if (column && list.empty()) filter_.order = *column;
    return true;
  }

  StatementFilter filter_;
  std::string alias_;
};

}  // namespace

std::optional<StatementFilter> FilterOf(std::string_view text) {
  // What was cut may have ended in an OR. The server ends such a text with three dots.
  if (text.size() + 3 >= StatementDigest::kMaxText) return std::nullopt;
  const auto tokens = TokensOf(text);
  if (!tokens || tokens->empty() || tokens->back().Is("...")) return std::nullopt;
  return FilterParser().Parse(*tokens);
}

}  // namespace erpnext
