// SPDX-License-Identifier: Apache-2.0
// Finds what indexes the tables of sites lack, from what their statements have cost.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/mariadb_servers.h"
#include "collectors/missing_indexes.h"
#include "core/deadline.h"
#include "core/result.h"
#include "sources/index_metadata.h"
#include "sources/mariadb_client.h"

namespace erpnext {

struct SiteAdvice {
  SiteSchema where;
  IndexAdvice advice;
};

// Read, then learn the columns of Tables(), then Advise.
class MissingIndexFinder {
 public:
  explicit MissingIndexFinder(const AdviceLimits& limits) : limits_(limits) {}

  // `sites` and `catalogue` must outlive this.
  Status Read(MariadbServer& server, std::string_view subject,
              std::span<const StatementDigest> digests, const std::vector<SiteSchema>& sites,
              IndexCatalogue& catalogue, Deadline deadline);

  bool judges() const { return judges_; }

  // Whose columns must be known.
  std::vector<std::uint64_t> Tables() const;

  std::vector<SiteAdvice> Advise(const ColumnCache& columns) const;

 private:
  // A table that statements read as a whole.
  struct Found {
    const SiteSchema* site = nullptr;
    IndexedTable table;
    TableStatistics statistics;
    std::vector<const Lookup*> lookups;
  };

  Status ReadSite(MariadbServer& server, std::string_view subject, const SiteSchema& site,
                  IndexCatalogue& catalogue, Deadline deadline);

  AdviceLimits limits_;
  bool judges_ = false;
  std::vector<Lookup> lookups_;
  std::vector<Found> found_;
};

}  // namespace erpnext
