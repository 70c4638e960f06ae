// SPDX-License-Identifier: Apache-2.0
// Frappe's configuration files, read as Frappe reads them.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace erpnext {

// One JSON object, or several on top of each other: a key of a higher layer hides the whole value
// of the lower ones, as in frappe.get_site_config. Holds passwords: never print it. Cheap to copy;
// thread-safe, because nothing changes it.
class FrappeConfig {
 public:
  FrappeConfig() = default;

  // Malformed, with file and byte position but without any of the text, when it is no JSON object.
  static Result<FrappeConfig> Parse(std::string_view json, std::string_view path);
  static FrappeConfig FromPairs(const std::vector<std::pair<std::string, std::string>>& pairs);

  // This configuration with `lower` shining through where it says nothing.
  FrappeConfig Over(const FrappeConfig& lower) const;

  bool Has(std::string_view key) const;

  // Python's truth of the raw value, which is what Frappe tests: 0, "", [], {}, false and null
  // are false, but the string "0" is true. A key that is not there is false.
  bool Truthy(std::string_view key) const;

  // Whether Frappe's cint makes anything but 0 of it, which it tests instead of some keys: true, 1,
  // "1" and "1.5" are, but "yes", "0" and 0.5 are not.
  bool NonZero(std::string_view key) const;

  // A string; nothing for other types and for the empty string.
  std::optional<std::string> Text(std::string_view key) const;

  // A number, or a string that is one, as Frappe's cint takes both; nothing otherwise.
  std::optional<std::int64_t> Integer(std::string_view key) const;

  // The same of an object in the object under `key`, as {"workers": {"reports": {"timeout": 5}}}.
  std::optional<std::int64_t> IntegerIn(std::string_view key, std::string_view name,
                                        std::string_view field) const;

  // The keys of the object under `key`; empty when there is none.
  std::vector<std::string> KeysOf(std::string_view key) const;

 private:
  const nlohmann::json* Find(std::string_view key) const;

  std::vector<std::shared_ptr<const nlohmann::json>> layers_;  // the first wins
};

}  // namespace erpnext
