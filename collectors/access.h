// SPDX-License-Identifier: Apache-2.0
// What this process can reach and read of each bench, and what would open the rest.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.h"
#include "collectors/context.h"
#include "core/deadline.h"

namespace erpnext {

struct AccessCheck {
  std::string subject;  // "Redis (queue) at 127.0.0.1:11000"
  Status status;
  std::string remedy;  // what to do; empty when there is nothing to do
};

// All words that the enabled collectors have in one of their lists.
std::set<std::string> Words(const std::vector<const CollectorEntry*>& enabled,
                            std::string_view CollectorEntry::*list, char separator);

// Of the databases' servers themselves, those that the enabled collectors select from, quoted where
// that is needed.
std::set<std::string> MariadbTablesOf(const std::vector<const CollectorEntry*>& enabled,
                                      const CollectorSettings& settings);

// And the privileges that they want on the whole of such a server.
std::set<std::string> MariadbPrivilegesOf(const std::vector<const CollectorEntry*>& enabled,
                                          const CollectorSettings& settings);

// Tries each server and folder of a bench once, with read commands only.
std::vector<AccessCheck> CheckAccess(const CollectorContext& context, const Bench& bench,
                                     const std::vector<const CollectorEntry*>& enabled,
                                     Deadline deadline);

// The statements and commands that let the collectors in, for whoever administrates the servers.
// Nothing in it is a secret: passwords are places to fill in.
std::string GrantLines(const CollectorContext& context, const Inventory& inventory,
                       const std::vector<const CollectorEntry*>& enabled);

}  // namespace erpnext
