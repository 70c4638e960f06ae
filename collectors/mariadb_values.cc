// SPDX-License-Identifier: Apache-2.0
// The words are those of parseStatus in mysqld_exporter 0.14, the times of certificates as well;
// those of the first nine days of a month are not read there.
#include "collectors/mariadb_values.h"

#include <cmath>
#include <ctime>

#include "core/text.h"

namespace erpnext {
namespace {

struct Word {
  std::string_view word;
  double value;
};
constexpr Word kWords[] = {{"on", 1},         {"yes", 1},         {"primary", 1},
                           {"off", 0},        {"no", 0},          {"disabled", 0},
                           {"connecting", 0}, {"non-primary", 0}, {"disconnected", 0}};
constexpr std::size_t kLongestWord = 12;

// The validity of a certificate, as OpenSSL writes it. The zone is always this one.
constexpr const char* kTimeFormat = "%b %d %H:%M:%S %Y GMT";
constexpr std::size_t kTimeSize = 24;  // "Jan  1 00:00:00 2030 GMT"

std::optional<double> ParseTime(const std::string& text) {
  std::tm time{};
  if (strptime(text.c_str(), kTimeFormat, &time) != text.c_str() + text.size()) return std::nullopt;
  return static_cast<double>(timegm(&time));
}

}  // namespace

std::optional<double> ParseStatusValue(std::string_view text) {
  const auto number = ParseNumber<double>(text);
  if (number) return std::isfinite(*number) ? number : std::nullopt;
  if (text.size() == kTimeSize) return ParseTime(std::string(text));
  if (text.size() > kLongestWord) return std::nullopt;
  const std::string lower = ToLower(text);
  for (const Word& word : kWords) {
    if (lower == word.word) return word.value;
  }
  return std::nullopt;
}

std::map<std::string, std::string> PairsOf(const MariadbTable& table) {
  std::map<std::string, std::string> pairs;
  for (const auto& row : table.rows) {
    if (row.size() == 2 && row[0] && row[1]) pairs.emplace(ToLower(*row[0]), *row[1]);
  }
  return pairs;
}

MariadbColumns::MariadbColumns(const MariadbTable& table) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) at_.emplace(ToLower(table.columns[i]), i);
}

bool MariadbColumns::Has(std::string_view column) const { return at_.contains(column); }

std::optional<std::string_view> MariadbColumns::Text(
    const std::vector<std::optional<std::string>>& row, std::string_view column) const {
  const auto found = at_.find(column);
  if (found == at_.end() || found->second >= row.size()) return std::nullopt;
  return row[found->second];
}

std::optional<double> MariadbColumns::Number(const std::vector<std::optional<std::string>>& row,
                                             std::string_view column) const {
  const auto text = Text(row, column);
  return text ? ParseStatusValue(*text) : std::nullopt;
}

}  // namespace erpnext
