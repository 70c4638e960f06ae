// SPDX-License-Identifier: Apache-2.0
// Declares the collector `jobs`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kJobsCollector;

}  // namespace erpnext
