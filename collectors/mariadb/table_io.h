// SPDX-License-Identifier: Apache-2.0
// Declares the collector `mariadb_table_io`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMariadbTableIoCollector;

}  // namespace erpnext
