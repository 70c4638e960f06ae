// SPDX-License-Identifier: Apache-2.0
// Where the servers of a bench are, by its configuration.
#pragma once

#include <map>
#include <string>

#include "sources/bench.h"

namespace erpnext {

// The database server of one site, whose configuration stands over the bench's.
Database DatabaseOf(const FrappeConfig& config);

// Sets redis_queue, redis_cache, database and web_address of a bench whose configuration and sites
// have been read; a URL that cannot be used becomes one of its problems. `environment` holds the
// variables that Frappe reads.
void ReadServers(const std::map<std::string, std::string>& environment, Bench& bench);

}  // namespace erpnext
