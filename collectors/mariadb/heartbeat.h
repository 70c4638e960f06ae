// SPDX-License-Identifier: Apache-2.0
// Declares the collector `mariadb_heartbeat`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMariadbHeartbeatCollector;

}  // namespace erpnext
