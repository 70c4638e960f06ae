// SPDX-License-Identifier: Apache-2.0
// Declares the collector `cpu`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kCpuCollector;

}  // namespace erpnext
