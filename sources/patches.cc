// SPDX-License-Identifier: Apache-2.0
// Lines as Python's configparser and Frappe's get_file_items take them.
#include "sources/patches.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::string_view kFinally = "finally:";  // run last; logged without this word

std::string PatchOf(std::string_view line) {
  if (line.starts_with(kFinally)) line.remove_prefix(kFinally.size());
  return std::string(Trim(line));
}

// Nothing when the line is no head of a section.
std::optional<std::string_view> SectionOf(std::string_view line) {
  const std::size_t end = line.find(']');
  if (!line.starts_with('[') || end == std::string_view::npos) return std::nullopt;
  return line.substr(1, end - 1);
}

}  // namespace

std::vector<std::string> ParsePatches(std::string_view text) {
  std::vector<std::string> plain, in_sections;
  bool first = true, has_sections = false, wanted = false;
  while (const auto raw = NextLine(text)) {
    const std::string_view line = Trim(*raw);
    if (line.empty() || line.starts_with('#')) continue;
    const auto section = SectionOf(line);
    // A file whose first line is none has no sections at all: configparser refuses it then.
    if (first && !line.starts_with(';')) {
      has_sections = section.has_value();
      first = false;
    }
    if (section) {
      wanted = *section == "pre_model_sync" || *section == "post_model_sync";
    } else if (wanted && !line.starts_with(';')) {
      in_sections.push_back(PatchOf(line));
    }
    plain.push_back(PatchOf(line));
  }
  return has_sections ? in_sections : plain;
}

std::vector<std::string> ParseAppNames(std::string_view text) {
  std::vector<std::string> names;
  const auto list = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return names;
  for (const auto& each : list) {
    if (each.is_string()) names.push_back(each.get<std::string>());
  }
  return names;
}

std::size_t CountPending(const std::vector<std::string>& patches,
                         const std::set<std::string, std::less<>>& run) {
  const std::set<std::string_view> distinct(patches.begin(), patches.end());
  return static_cast<std::size_t>(
      std::count_if(distinct.begin(), distinct.end(),
                    [&](std::string_view patch) { return !run.contains(patch); }));
}

}  // namespace erpnext
