// SPDX-License-Identifier: Apache-2.0
// The options that the table of collectors makes: a few of each collector.
#pragma once

#include <vector>

#include "exporter/options.h"

namespace erpnext {

// Whether it collects.
void AddCollectorFlags(std::vector<Option>& options);

// How often, for those at their own pace.
void AddIntervals(std::vector<Option>& options);

}  // namespace erpnext
