// SPDX-License-Identifier: Apache-2.0
// What the statements of a server cost between two readings of its digests.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sources/statement_digests.h"

namespace erpnext {

class DigestDeltas {
 public:
  // The costs since the last call, by digest, and without one what each schema's other statements
  // cost. Nothing the first time. Restarts of the server and TRUNCATE of its table are no costs.
  std::vector<StatementDigest> Take(const std::vector<StatementDigest>& digests,
                                    const std::vector<StatementDigest>& schemas);

 private:
  using Key = std::pair<std::string, std::string>;  // schema and digest

  bool started_ = false;
  bool complete_ = false;  // whether the last reading had all digests
  std::map<Key, StatementCost> digests_;
  std::map<std::string, StatementCost> schemas_;
  std::map<std::string, StatementCost> ahead_;  // of digests, before their schema's sum
};

}  // namespace erpnext
