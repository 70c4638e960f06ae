// SPDX-License-Identifier: Apache-2.0
// Declares the collector `pressure`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kPressureCollector;

}  // namespace erpnext
