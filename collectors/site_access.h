// SPDX-License-Identifier: Apache-2.0
// What collectors read of the sites' databases: whether we may, and the grants that let us.
#pragma once

#include <string>
#include <vector>

#include "collectors/access.h"
#include "collectors/collector.h"
#include "collectors/context.h"

namespace erpnext {

// One check for each site whose database cannot be read as the collectors want, and one for all
// others together. Nothing when no collector reads any.
std::vector<AccessCheck> CheckSites(const CollectorContext& context, const Bench& bench,
                                    const std::vector<const CollectorEntry*>& enabled,
                                    Deadline deadline);

// GRANT SELECT of the columns that are read, for each site, to 'user'@'localhost'. Empty when no
// collector reads any.
std::string SiteGrantLines(const CollectorContext& context, const Inventory& inventory,
                           const std::vector<const CollectorEntry*>& enabled,
                           const std::string& user);

}  // namespace erpnext
