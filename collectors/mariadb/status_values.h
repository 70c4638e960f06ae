// SPDX-License-Identifier: Apache-2.0
// What the rows of SHOW GLOBAL STATUS mean: numbers, kinds, and groups with a label.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/family.h"

namespace erpnext {

// Counter or gauge by the meaning of the variable, whose name is in lower case; untyped for one
// that is not known here. mysqld_exporter leaves nearly all untyped, which changes no query.
MetricKind StatusKind(std::string_view name);

// Several variables that mysqld_exporter publishes as one family with a label.
enum class StatusGroup {
  kNone,
  kCommands,           // com_*
  kHandlers,           // handler_*
  kConnectionErrors,   // connection_errors_*
  kBufferPoolPages,    // innodb_buffer_pool_pages_data, _free, _misc, _old
  kBufferPoolDirty,    // innodb_buffer_pool_pages_dirty
  kBufferPoolChanges,  // innodb_buffer_pool_pages_* of other names
  kRowOperations,      // innodb_rows_*
  kPerformanceLost,    // performance_schema_*
  kIgnored,            // innodb_buffer_pool_pages_total is the sum of the others
};
struct GroupedStatus {
  StatusGroup group = StatusGroup::kNone;
  std::string_view label;  // the rest of the name
};
GroupedStatus GroupOf(std::string_view name);

}  // namespace erpnext
