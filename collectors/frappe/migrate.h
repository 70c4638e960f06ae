// SPDX-License-Identifier: Apache-2.0
// Declares the collector `migrate`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kMigrateCollector;

}  // namespace erpnext
