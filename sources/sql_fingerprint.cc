// SPDX-License-Identifier: Apache-2.0
// The lexical rules are those of MariaDB 10.3 to 11 (sql/sql_lex.cc).
#include "sources/sql_fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "sources/sql_words.h"

namespace erpnext {
namespace {

using Kind = DigestText::Kind;

constexpr std::size_t kMaxName = 256;  // of an alias; of other names 64 characters

enum class Byte : std::uint8_t { kOther, kBlank, kWord, kDigit };

constexpr std::array<Byte, 256> kBytes = [] {
  std::array<Byte, 256> bytes{};
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    Byte byte = Byte::kOther;
    if (c <= ' ') byte = Byte::kBlank;  // NUL and other control characters, too
    if (letter || c == '_' || c == '$' || c >= 0x80) byte = Byte::kWord;
    if (c >= '0' && c <= '9') byte = Byte::kDigit;
    bytes[static_cast<std::size_t>(c)] = byte;
  }
  return bytes;
}();

Byte ByteOf(char c) { return kBytes[static_cast<unsigned char>(c)]; }
bool IsQuote(char c) { return c == '\'' || c == '"'; }

// Letters and digits, and `also` among them.
std::size_t WordLength(std::string_view text, char also = 'a') {
  std::size_t size = 0;
  while (size < text.size() && (ByteOf(text[size]) >= Byte::kWord || text[size] == also)) ++size;
  return size;
}

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

constexpr std::string_view kLongOperators[] = {"<=>", "<<", ">>", "<=", ">=", "!=", ":=", "->"};

}  // namespace

bool SqlFingerprint::Take(std::string_view statement, bool cut_off) {
  Read(statement, Escapes::kAll);
  const bool ends_open = open_;
  bool clear = !nonsense_ && (cut_off ? !escaped_ : !open_);
  // What comes last of one that was cut off may be the beginning of something else.
  if (cut_off) digest_.DropLast();
  text_ = clear ? digest_.text() : "";
  if (clear && escaped_) {
    for (const Escapes other : {Escapes::kSingleQuotes, Escapes::kNone}) {
      Read(statement, other);
      if (!nonsense_ && !open_ && digest_.text() != text_) clear = false;
    }
  }
  open_ = ends_open;
  if (!clear) text_.clear();
  return clear;
}

void SqlFingerprint::Read(std::string_view statement, Escapes escapes) {
  rest_ = statement;
  escapes_ = escapes;
  digest_.Clear();
  open_ = nonsense_ = escaped_ = false;
  while (!rest_.empty()) Step();
}

void SqlFingerprint::Step() {
  const char c = rest_[0];
  switch (ByteOf(c)) {
    case Byte::kBlank: rest_.remove_prefix(1); return;
    case Byte::kWord: Word(); return;
    case Byte::kDigit: Number(); return;
    case Byte::kOther: Punctuation(c, rest_.size() > 1 ? rest_[1] : ' '); return;
  }
}

void SqlFingerprint::Punctuation(char c, char next) {
  if (IsQuote(c)) return String(c);
  if (c == '`') return Name();
  if (c == '@') return Variable();
  if (c == '#') return SkipLine();
  if (c == '/' && next == '*') return Comment();
  if (c == '-' && next == '-' && (rest_.size() < 3 || ByteOf(rest_[2]) == Byte::kBlank)) {
    return SkipLine();
  }
  // Behind a name it is the dot before another one.
  if (c == '.' && ByteOf(next) == Byte::kDigit && digest_.Last() != Kind::kName) return Number();
  if (c == '*' && next == '/') return rest_.remove_prefix(2);  // of a comment that is executed
  if (c == '\\') {
    nonsense_ = nonsense_ || next != 'N';  // \N is NULL
    rest_.remove_prefix(std::min<std::size_t>(2, rest_.size()));
    return digest_.AddValue();
  }
  Operator();
}

void SqlFingerprint::SkipLine() {
  const std::size_t end = rest_.find('\n');
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
}

void SqlFingerprint::Comment() {
  const std::size_t end = rest_.find("*/", 2);
  const std::string_view comment = rest_.substr(0, end);
  if (end == std::string_view::npos) {
    open_ = true;
    rest_ = {};
  } else if (comment.starts_with("/*!") || comment.starts_with("/*M!")) {
    // Executed by versions from the number on, which is left out here; skipped by others.
    if (comment.find_first_of("'\"`\\#-") != std::string_view::npos) nonsense_ = true;
    const std::size_t begin = comment.find_first_not_of("/*M!0123456789");
    rest_.remove_prefix(std::min(begin, comment.size()));
  } else {
    rest_.remove_prefix(end + 2);
  }
}

void SqlFingerprint::String(char quote) {
  const bool escapes =
      escapes_ == Escapes::kAll || (escapes_ == Escapes::kSingleQuotes && quote == '\'');
  std::size_t at = 1;
  for (;;) {
    while (at < rest_.size() && rest_[at] != quote && rest_[at] != '\\') ++at;
    if (at >= rest_.size()) {
      open_ = true;
      break;
    }
    const char next = at + 1 < rest_.size() ? rest_[at + 1] : '\0';
    if (rest_[at] == '\\') {
      escaped_ = escaped_ || IsQuote(next) || next == '\0';
      at += escapes ? 2 : 1;
    } else if (next == quote) {
      at += 2;  // doubled it stands for itself
    } else {
      ++at;
      break;
    }
  }
  rest_.remove_prefix(std::min(at, rest_.size()));
  // 'a' 'b' is one string, and 1 'a' one value and its name.
  if (digest_.Last() != Kind::kValue && digest_.Last() != Kind::kValues) digest_.AddValue();
}

void SqlFingerprint::Name() {
  std::size_t at = rest_.find('`', 1);
  while (at != std::string_view::npos && at + 1 < rest_.size() && rest_[at + 1] == '`') {
    at = rest_.find('`', at + 2);
  }
  if (at == std::string_view::npos) {
    open_ = true;
    rest_ = {};
    return;
  }
  const std::string_view name = rest_.substr(1, at - 1);
  const bool odd = std::any_of(name.begin(), name.end(), [](char c) { return c >= 0 && c < ' '; });
  if (name.size() < kMaxName && !odd) {
    digest_.AddName(name);
  } else {
    digest_.AddValue();
  }
  rest_.remove_prefix(at + 1);
}

void SqlFingerprint::Word() {
  const std::size_t size = WordLength(rest_);
  const std::string_view word = rest_.substr(0, size);
  rest_.remove_prefix(size);
  // x'41', b'01', N'text', _utf8'text'
  const bool prefix = word[0] == '_' || std::string_view("x X b B n N").find(word) != word.npos;
  if (!rest_.empty() && IsQuote(rest_[0]) && prefix) return String(rest_[0]);
  std::array<char, 32> buffer{};
  if (size <= buffer.size() && digest_.Last() != Kind::kDot) {
    std::transform(word.begin(), word.end(), buffer.begin(), Upper);
    const std::string_view upper(buffer.data(), size);
    if (upper == "NULL" && digest_.Last() != Kind::kNullish) return digest_.AddValue();
    if (IsSqlWord(upper)) {
      return digest_.Add(upper == "IS" || upper == "NOT" ? Kind::kNullish : Kind::kWord, upper);
    }
  }
  if (size > kMaxName) return digest_.AddValue();
  digest_.AddName(word);
}

// 12, 1.5, 0x1F, 1e9. What else begins with a digit is a name to MariaDB, but may be a value to us.
void SqlFingerprint::Number() {
  std::size_t at = WordLength(rest_, '.');
  const bool exponent = ToLower(rest_.substr(at - 1, 1)) == "e";
  if (exponent && at + 1 < rest_.size() && (rest_[at] == '-' || rest_[at] == '+') &&
      ByteOf(rest_[at + 1]) == Byte::kDigit) {
    at += 1 + WordLength(rest_.substr(at + 1));
  }
  rest_.remove_prefix(at);
  digest_.AddValue();
}

// Names of the user's own variables are left out: whoever makes statements makes them up.
void SqlFingerprint::Variable() {
  const bool system = rest_.starts_with("@@");
  rest_.remove_prefix(system ? 2 : 1);
  const std::size_t size = WordLength(rest_, '.');
  std::string text = "@?";
  if (system) text = "@@" + std::string(rest_.substr(0, std::min(size, kMaxName)));
  rest_.remove_prefix(size);
  if (size == 0 && !rest_.empty() && (IsQuote(rest_[0]) || rest_[0] == '`')) {
    digest_.Add(Kind::kOperator, "@");
    if (rest_[0] == '`') {
      Name();
    } else {
      String(rest_[0]);
    }
    if (!open_) digest_.DropLast();
    digest_.DropLast();
  }
  digest_.Add(Kind::kName, text);
}

void SqlFingerprint::Operator() {
  const char c = rest_[0];
  for (const std::string_view text : kLongOperators) {
    if (!rest_.starts_with(text)) continue;
    digest_.Add(Kind::kOperator, text);
    return rest_.remove_prefix(text.size());
  }
  if (rest_.starts_with("<>") || rest_.starts_with("&&") || rest_.starts_with("||")) {
    digest_.Add(Kind::kOperator, c == '<' ? "!=" : c == '&' ? "AND" : "OR");
    return rest_.remove_prefix(2);
  }
  const std::string_view text = rest_.substr(0, 1);
  rest_.remove_prefix(1);
  switch (c) {
    case '?': return digest_.AddValue();
    case ')': return digest_.AddClose();
    case '(': return digest_.Add(Kind::kOpen, text);
    case ',': return digest_.Add(Kind::kComma, text);
    case '.': return digest_.Add(Kind::kDot, text);
    case ';':
      if (Trim(rest_).empty()) return;  // the log's own
      break;
    default: break;
  }
  digest_.Add(Kind::kOperator, text);
}

std::string FingerprintId(std::string_view text) {
  return fmt::format("{:016x}", StableHash(text));
}

}  // namespace erpnext
