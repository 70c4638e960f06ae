// SPDX-License-Identifier: Apache-2.0
// Declares the collector `filesystem`.
#pragma once

#include "collectors/collector.h"

namespace erpnext {

extern const CollectorEntry kFilesystemCollector;

}  // namespace erpnext
