// SPDX-License-Identifier: Apache-2.0
// Declares the collector `mariadb_drift`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMariadbDriftCollector;

}  // namespace erpnext
