// SPDX-License-Identifier: Apache-2.0
// Declares the collector `bench`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kBenchCollector;

}  // namespace erpnext
