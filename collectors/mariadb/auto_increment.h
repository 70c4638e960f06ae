// SPDX-License-Identifier: Apache-2.0
// Declares the collector `mariadb_auto_increment`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kAutoIncrementCollector;

}  // namespace erpnext
