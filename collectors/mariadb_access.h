// SPDX-License-Identifier: Apache-2.0
// What of a database server this login may see, and what would open the rest.
#pragma once

#include <vector>

#include "collectors/access.h"

namespace erpnext {

// First whether the server of the bench answers. If it does, one check for each right and file that
// the enabled collectors want and do not have.
std::vector<AccessCheck> CheckMariadb(const CollectorContext& context, const Bench& bench,
                                      const std::vector<const CollectorEntry*>& enabled,
                                      Deadline deadline);

}  // namespace erpnext
