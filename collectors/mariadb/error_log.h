// SPDX-License-Identifier: Apache-2.0
// Declares the collector `mariadb_error_log`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMariadbErrorLogCollector;

}  // namespace erpnext
