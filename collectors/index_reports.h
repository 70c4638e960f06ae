// SPDX-License-Identifier: Apache-2.0
// Advice on the indexes of all sites of the benches, with its evidence.
#pragma once

#include <string>
#include <vector>

#include "collectors/context.h"
#include "collectors/index_adviser.h"
#include "core/deadline.h"

namespace erpnext {

struct IndexReports {
  std::vector<AdviceReport> servers;  // that answered and showed their indexes
  std::vector<std::string> gaps;      // what could not be read, and what would open it
};

// Of one site alone, if `site` is not empty.
IndexReports ReadIndexReports(const CollectorContext& context, const std::string& site,
                              Deadline deadline);

}  // namespace erpnext
