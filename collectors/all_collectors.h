// SPDX-License-Identifier: Apache-2.0
// The one table of collectors.
#pragma once

#include <vector>

#include "collectors/collector.h"

namespace erpnext {

// In the order in which they appear on /metrics. Names are unique, and so are family names.
const std::vector<const CollectorEntry*>& AllCollectors();

}  // namespace erpnext
