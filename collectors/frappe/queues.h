// SPDX-License-Identifier: Apache-2.0
// Declares the collector `queues`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kQueuesCollector;

}  // namespace erpnext
