// SPDX-License-Identifier: Apache-2.0
// Content negotiation.
#include "exporter/accept.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/text.h"

namespace erpnext {
namespace {

// One element of a list of preferences: "text/plain;version=0.0.4;q=0.5".
struct Preference {
  std::string name;  // in lower case
  std::optional<std::string> version;
  double quality = 1;
};

std::string_view Unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// Nothing when the quality is no number from 0 to 1: what the client wants is then unknown.
std::optional<Preference> ParsePreference(std::string_view element) {
  const auto parts = Split(element, ';');
  Preference preference{.name = ToLower(Trim(parts[0]))};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const std::string key = ToLower(Trim(parts[i].substr(0, equals)));
    const std::string_view value = Unquoted(Trim(parts[i].substr(equals + 1)));
    if (key == "version") preference.version = value;
    if (key == "q") {
      const auto quality = ParseNumber<double>(value);
      if (!quality || !(*quality >= 0 && *quality <= 1)) return std::nullopt;
      preference.quality = *quality;
    }
  }
  return preference;
}

std::vector<Preference> ParsePreferences(std::string_view list) {
  std::vector<Preference> preferences;
  for (std::string_view element : Split(list, ',')) {
    if (Trim(element).empty()) continue;
    if (auto preference = ParsePreference(element)) preferences.push_back(std::move(*preference));
  }
  return preferences;
}

// What the list says of one form: the most specific element that fits it counts, and of equally
// specific ones the better.
struct Rating {
  int specificity = 0;  // 0 when nothing fits
  double quality = 0;
  std::size_t position = 0;

  void Consider(const Rating& other) {
    if (other.specificity == 0 || other.specificity < specificity) return;
    if (other.specificity == specificity && other.quality <= quality) return;
    *this = other;
  }
};

struct MediaType {
  std::string_view name;
  std::string_view group;    // "text/*"
  std::string_view version;  // the only one we write
};

// An element that names another version fits not at all: Prometheus also asks for OpenMetrics
// 0.0.1 and, from version 3, for text 1.0.0, which are not what we write.
int Specificity(const Preference& preference, const MediaType& type) {
  if (preference.version && *preference.version != type.version) return 0;
  if (preference.name == type.name) return preference.version ? 4 : 3;
  if (preference.name == type.group) return 2;
  return preference.name == "*/*" ? 1 : 0;
}

Rating Rate(const std::vector<Preference>& preferences, const MediaType& type) {
  Rating rating;
  for (std::size_t i = 0; i < preferences.size(); ++i) {
    rating.Consider({Specificity(preferences[i], type), preferences[i].quality, i});
  }
  return rating;
}

constexpr MediaType kTextType{"text/plain", "text/*", "0.0.4"};
constexpr MediaType kOpenMetricsType{"application/openmetrics-text", "application/*", "1.0.0"};

}  // namespace

ExpositionFormat NegotiateFormat(std::string_view accept) {
  const auto preferences = ParsePreferences(accept);
  const Rating text = Rate(preferences, kTextType);
  const Rating open_metrics = Rate(preferences, kOpenMetricsType);
  if (open_metrics.quality != text.quality) {
    return open_metrics.quality > text.quality ? ExpositionFormat::kOpenMetrics
                                               : ExpositionFormat::kText;
  }
  // Equally liked: the one named outright, and of two named ones the first.
  const bool preferred = open_metrics.quality > 0 && open_metrics.specificity >= 2 &&
                         (text.specificity < 2 || open_metrics.position < text.position);
  return preferred ? ExpositionFormat::kOpenMetrics : ExpositionFormat::kText;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  Rating gzip;
  for (const Preference& preference : ParsePreferences(accept_encoding)) {
    // "x-gzip" is an old name of the same (RFC 9110, section 8.4.1.3).
    const bool named = preference.name == "gzip" || preference.name == "x-gzip";
    gzip.Consider({named ? 2 : (preference.name == "*" ? 1 : 0), preference.quality});
  }
  return gzip.quality > 0;
}

}  // namespace erpnext
