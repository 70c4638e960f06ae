// SPDX-License-Identifier: Apache-2.0
// Declares the collector `scheduler`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kSchedulerCollector;

}  // namespace erpnext
