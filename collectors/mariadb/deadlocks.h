// SPDX-License-Identifier: Apache-2.0
// Declares the collector `mariadb_deadlocks`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMariadbDeadlocksCollector;

}  // namespace erpnext
