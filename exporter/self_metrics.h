// SPDX-License-Identifier: Apache-2.0
// What the daemon says of itself: its collectors, its process, its configuration.
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <vector>

#include "core/family.h"
#include "exporter/runner.h"

namespace erpnext {

// All families of this file, for the documentation.
std::span<const Family* const> SelfFamilies();

struct ReloadState {
  bool successful = true;
  double success_unix = 0;  // when the present configuration was loaded
};

// Made for each scrape: these figures are about this moment. Process figures that cannot be read
// are absent.
std::vector<prometheus::MetricFamily> SelfMetrics(const std::vector<CollectorView>& views,
                                                  const ReloadState& reload);

// "0.1.0 (revision 1a2b3c)"
std::string VersionText();

}  // namespace erpnext
