// SPDX-License-Identifier: Apache-2.0
// Asks a server for all that advice on the indexes of its sites needs. For the collector and for
// the command that prints it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "collectors/counted_use.h"
#include "collectors/index_advice.h"
#include "collectors/mariadb_servers.h"
#include "collectors/missing_index_finder.h"
#include "core/deadline.h"
#include "core/result.h"
#include "sources/index_metadata.h"
#include "sources/mariadb_client.h"
#include "sources/slow_log_digests.h"

namespace erpnext {

struct AdviceReport {
  std::vector<SiteAdvice> advice;  // what is worth most first
  std::vector<SiteSchema> sites;   // that were looked at; none without PROCESS
  double uptime_seconds = 0;       // of the server: evidence reaches no further back
  bool missing = false;            // was judged: performance_schema keeps digests, or a slow log
  double evidence_seconds = 0;     // time that statements are known of; 0: of the slow log's age
  bool unused = false;             // was judged
  bool sizes = true;               // of tables may be read: else nothing is known of small ones
};

// Of one server, kept between runs. One thread at a time.
class IndexAdviser {
 public:
  explicit IndexAdviser(AdviceLimits limits = {}) : limits_(limits) {}

  // What cannot be seen by this login is missing in the report.
  Result<AdviceReport> Advise(MariadbServer& server, const MariadbOptions& options,
                              const std::vector<SiteSchema>& sites, Deadline deadline);

  // To be kept over a restart.
  CountedUse& counted_use() { return counted_use_; }
  const CountedUse& counted_use() const { return counted_use_; }

 private:
  struct Candidate {
    const SiteSchema* site = nullptr;
    std::uint64_t table = 0;
    IndexAdvice advice;
  };

  Status FindMissing(MariadbServer& server, const MariadbOptions& options,
                     IndexCatalogue& catalogue, MissingIndexFinder& missing, AdviceReport& report,
                     Deadline deadline);
  void Find(IndexCatalogue& catalogue, const SiteSchema& site, const IndexUsage& usage,
            std::vector<Candidate>& candidates) const;
  Status LearnColumns(MariadbServer& server, std::vector<Candidate>& candidates,
                      const MissingIndexFinder& missing, Deadline deadline);
  Status AddAllFigures(MariadbServer& server, std::vector<Candidate>& candidates,
                       const IndexUsage& usage, AdviceReport& report, Deadline deadline) const;
  Status AddFigures(MariadbServer& server, std::span<Candidate> candidates, const IndexUsage& usage,
                    AdviceReport& report, Deadline deadline) const;

  AdviceLimits limits_;
  double uptime_seconds_ = 0;
  CountedUse counted_use_;
  ColumnCache columns_;
  SlowLogDigests slow_log_;
};

}  // namespace erpnext
