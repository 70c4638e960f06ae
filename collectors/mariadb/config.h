// SPDX-License-Identifier: Apache-2.0
// Declares the collector `mariadb_config`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMariadbConfigCollector;

}  // namespace erpnext
