// SPDX-License-Identifier: Apache-2.0
// Layers of JSON objects with Python's rules of truth.
#include "sources/frappe_config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace erpnext {
namespace {

using nlohmann::json;

bool IsTrueInPython(const json& value) {
  switch (value.type()) {
    case json::value_t::null: return false;
    case json::value_t::boolean: return value.get<bool>();
    case json::value_t::number_integer: return value.get<std::int64_t>() != 0;
    case json::value_t::number_unsigned: return value.get<std::uint64_t>() != 0;
    case json::value_t::number_float: return value.get<double>() != 0;
    case json::value_t::string: return !value.get_ref<const std::string&>().empty();
    default: return !value.empty();
  }
}

// Keeps of a syntax error only where it is: the library's text quotes the file.
class Position : public nlohmann::json_sax<json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(json::number_integer_t) override { return true; }
  bool number_unsigned(json::number_unsigned_t) override { return true; }
  bool number_float(json::number_float_t, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(json::binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(std::string&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    at = position;
    return false;
  }

  std::size_t at = 0;
};

std::optional<std::int64_t> IntegerOf(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number <= std::uint64_t{INT64_MAX} ? std::optional(static_cast<std::int64_t>(number))
                                              : std::nullopt;
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) {
    return ParseNumber<std::int64_t>(Trim(value.get_ref<const std::string&>()));
  }
  return std::nullopt;
}

// As int(float(value)) in Python, of what there is in JSON.
bool IsNonZero(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  std::optional<double> number;
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) number = ParseNumber<double>(Trim(value.get_ref<const std::string&>()));
  return number && std::isfinite(*number) && std::trunc(*number) != 0;
}

}  // namespace

Result<FrappeConfig> FrappeConfig::Parse(std::string_view text, std::string_view path) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    return Fail(ErrorKind::kMalformed,
                "{}: begins with a byte order mark, which Frappe refuses: save it without", path);
  }
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    Position position;
    json::sax_parse(text, &position);
    return Fail(ErrorKind::kMalformed, "{}: no valid JSON, near byte {}", path, position.at);
  }
  if (!value.is_object()) {
    return Fail(ErrorKind::kMalformed, "{}: must be a JSON object", path);
  }
  FrappeConfig config;
  config.layers_.push_back(std::make_shared<const json>(std::move(value)));
  return config;
}

FrappeConfig FrappeConfig::FromPairs(
    const std::vector<std::pair<std::string, std::string>>& pairs) {
  json value = json::object();
  for (const auto& [key, text] : pairs) value[key] = text;
  FrappeConfig config;
  config.layers_.push_back(std::make_shared<const json>(std::move(value)));
  return config;
}

FrappeConfig FrappeConfig::Over(const FrappeConfig& lower) const {
  FrappeConfig config = *this;
  config.layers_.insert(config.layers_.end(), lower.layers_.begin(), lower.layers_.end());
  return config;
}

const json* FrappeConfig::Find(std::string_view key) const {
  for (const auto& layer : layers_) {
    const auto found = layer->find(key);
    if (found != layer->end()) return &*found;
  }
  return nullptr;
}

bool FrappeConfig::Has(std::string_view key) const { return Find(key) != nullptr; }

bool FrappeConfig::Truthy(std::string_view key) const {
  const json* value = Find(key);
  return value != nullptr && IsTrueInPython(*value);
}

bool FrappeConfig::NonZero(std::string_view key) const {
  const json* value = Find(key);
  return value != nullptr && IsNonZero(*value);
}

std::optional<std::string> FrappeConfig::Text(std::string_view key) const {
  const json* value = Find(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const auto& text = value->get_ref<const std::string&>();
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::int64_t> FrappeConfig::Integer(std::string_view key) const {
  const json* value = Find(key);
  return value != nullptr ? IntegerOf(*value) : std::nullopt;
}

std::optional<std::int64_t> FrappeConfig::IntegerIn(std::string_view key, std::string_view name,
                                                    std::string_view field) const {
  const json* value = Find(key);
  for (const std::string_view part : {name, field}) {
    if (value == nullptr || !value->is_object()) return std::nullopt;
    const auto found = value->find(part);
    value = found != value->end() ? &*found : nullptr;
  }
  return value != nullptr ? IntegerOf(*value) : std::nullopt;
}

std::vector<std::string> FrappeConfig::KeysOf(std::string_view key) const {
  std::vector<std::string> keys;
  const json* value = Find(key);
  if (value == nullptr || !value->is_object()) return keys;
  for (const auto& item : value->items()) keys.push_back(item.key());
  return keys;
}

}  // namespace erpnext
