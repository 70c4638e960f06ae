// SPDX-License-Identifier: Apache-2.0
// Declares the collector `site_health`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kSiteHealthCollector;

}  // namespace erpnext
