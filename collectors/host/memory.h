// SPDX-License-Identifier: Apache-2.0
// Declares the collector `memory`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMemoryCollector;

}  // namespace erpnext
