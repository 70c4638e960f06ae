// SPDX-License-Identifier: Apache-2.0
// Declares the collector `workers`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kWorkersCollector;

}  // namespace erpnext
