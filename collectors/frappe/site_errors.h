// SPDX-License-Identifier: Apache-2.0
// Declares the collector `site_errors`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kSiteErrorsCollector;

}  // namespace erpnext
