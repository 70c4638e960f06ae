// SPDX-License-Identifier: Apache-2.0
// Declares the collector `site_logs`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kSiteLogsCollector;

}  // namespace erpnext
