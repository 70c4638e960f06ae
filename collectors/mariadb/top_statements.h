// SPDX-License-Identifier: Apache-2.0
// Which kinds of statements of a server have series of their own.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "collectors/mariadb_servers.h"
#include "core/clock.h"
#include "sources/statement_digests.h"

namespace erpnext {

// Those that took most time lately are named, the others of a site are its rest. A list that is
// made anew each time has names come and go, and counters with them. Here who is among the first
// stays named until it was not for an hour, and its counter goes on where it stood when it comes
// back. What it took while it was not named is in the rest, and stays there: no counter ever falls,
// and each second is counted once.
//
// One thread at a time.
class TopStatements {
 public:
  static constexpr std::size_t kTop = 20;
  static constexpr std::size_t kMostNamed = 2 * kTop;
  static constexpr std::size_t kMostKnown = 2'000;
  static constexpr std::chrono::minutes kStay{60};
  static constexpr std::chrono::minutes kHalfLife{30};  // of the time that decides
  static constexpr std::size_t kMaxText = 200;          // bytes

  struct Statement {
    SiteKey site;
    std::string id;

    friend auto operator<=>(const Statement&, const Statement&) = default;
  };
  struct Counts {
    std::string text;
    StatementCost named;  // while it was
    double lately = 0;    // seconds; older ones weigh less
    bool is_named = false;
    SteadyTime last_in_top;
  };

  // What statements have cost since the last call. Those without an id are of the rest.
  void Add(const SiteKey& site, const std::string& id, std::string_view text,
           const StatementCost& cost);
  // After all that was added at `now`: who is named from now on.
  void Rank(SteadyTime now);

  const std::map<Statement, Counts>& statements() const { return known_; }
  const std::map<SiteKey, StatementCost>& rest() const { return rest_; }

  nlohmann::json ToJson() const;
  // Throws json::exception when it is not what ToJson wrote.
  static TopStatements FromJson(const nlohmann::json& state, SteadyTime now);

 private:
  void ForgetSome();

  std::map<Statement, Counts> known_;
  std::map<SiteKey, StatementCost> rest_;
  std::optional<SteadyTime> ranked_;
};

}  // namespace erpnext
