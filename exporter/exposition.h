// SPDX-License-Identifier: Apache-2.0
// Writes metric families as text: Prometheus 0.0.4 and OpenMetrics 1.0.
#pragma once

#include <prometheus/serializer.h>

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace erpnext {

enum class ExpositionFormat : std::uint8_t { kText, kOpenMetrics };

std::string_view ContentType(ExpositionFormat format);

// Appends the families to `out`, whatever is in them: families of one name become one block, HELP
// and label values are escaped, invalid UTF-8 is repaired, names that Prometheus would refuse are
// left out with their samples. OpenMetrics' closing "# EOF" is the caller's.
void AppendFamilies(std::span<const prometheus::MetricFamily> families, ExpositionFormat format,
                    std::string& out);

// The shortest decimal that reads back as the same double; never depends on the locale.
void AppendValue(double value, std::string& out);

// A drop-in for prometheus::TextSerializer: the same bytes where that is right, but for what
// AppendFamilies says and the 17th digit. Thread-safe.
class ExpositionSerializer final : public prometheus::Serializer {
 public:
  explicit ExpositionSerializer(ExpositionFormat format = ExpositionFormat::kText)
      : format_(format) {}

  // Complete documents: OpenMetrics ends with "# EOF".
  std::string Serialize(const std::vector<prometheus::MetricFamily>& families) const override;
  void Serialize(std::ostream& out,
                 const std::vector<prometheus::MetricFamily>& families) const override;

 private:
  ExpositionFormat format_;
};

}  // namespace erpnext
