// SPDX-License-Identifier: Apache-2.0
// Declares the collector `log_patterns`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kLogPatternsCollector;

}  // namespace erpnext
