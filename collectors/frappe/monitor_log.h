// SPDX-License-Identifier: Apache-2.0
// Requests and jobs of each site, as Frappe's monitor wrote them down.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMonitorLogCollector;

}  // namespace erpnext
