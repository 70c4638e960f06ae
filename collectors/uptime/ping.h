// SPDX-License-Identifier: Apache-2.0
// Declares the collector `site_ping`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kSitePingCollector;

}  // namespace erpnext
