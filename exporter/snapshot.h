// SPDX-License-Identifier: Apache-2.0
// What one run of one collector found, and its text, written once.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "exporter/exposition.h"
#include "exporter/gzip.h"

namespace erpnext {

// Immutable and thread-safe. Each text is written when it is first asked for and then kept, so a
// scrape of cached data only copies bytes.
class Snapshot {
 public:
  explicit Snapshot(std::vector<prometheus::MetricFamily> families)
      : families_(std::move(families)) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const std::vector<prometheus::MetricFamily>& families() const { return families_; }
  const std::string& Text(ExpositionFormat format) const;
  const GzipPart& Gzip(ExpositionFormat format) const;

 private:
  struct Rendered {
    std::once_flag text_once;
    std::once_flag gzip_once;
    std::string text;
    GzipPart gzip;
  };

  std::vector<prometheus::MetricFamily> families_;
  mutable std::array<Rendered, 2> rendered_;
};

}  // namespace erpnext
