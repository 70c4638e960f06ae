// SPDX-License-Identifier: Apache-2.0
// The databases of sites: which there are, what of them may be read, and statements on one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/deadline.h"
#include "core/result.h"
#include "sources/bench.h"
#include "sources/mariadb_client.h"
#include "sources/mariadb_target.h"
#include "sources/site_table.h"
#include "sources/site_time.h"

namespace erpnext {

// `name` with backticks around it. Nothing when MariaDB has no such identifier.
std::optional<std::string> QuoteIdentifier(std::string_view name);

// A string literal, whatever sql_mode says of backslashes.
std::string QuoteText(std::string_view text);

struct SiteTarget {
  std::string site;    // its name
  std::string schema;  // of its database
  MariadbOptions options;

  friend bool operator==(const SiteTarget&, const SiteTarget&) = default;
};

struct SkippedSite {
  std::string site;
  std::string why;
  bool is_copy = false;  // its database is read under the name of another site
};

struct SiteTargets {
  std::vector<SiteTarget> sites;
  std::vector<SkippedSite> skipped;
};

// The sites of a bench whose databases can be asked for, by name. Of copies that share one
// database only the first.
SiteTargets SiteTargetsOf(const Bench& bench, const MariadbLogin& login,
                          const std::string& default_socket = "/run/mysqld/mysqld.sock");

// The database of one site, kept between runs. One thread at a time.
class SiteDatabase {
 public:
  // `subject` stands in each statement as a comment, for who reads the process list; `tables` is
  // all that is ever read here. Both must outlive this.
  SiteDatabase(SiteTarget target, std::shared_ptr<MariadbServer> server, std::string_view subject,
               std::span<const SiteTable> tables);

  const SiteTarget& target() const { return target_; }
  const std::string& site() const { return target_.site; }

  // Learns which tables and columns this login may see, unless that is known for less than ten
  // minutes. Permission when there is none at all: the database is not there, or not for us.
  Status Open(SteadyTime now, Deadline deadline);

  // After Open. What an older or newer Frappe, an app that is not there or a missing grant takes
  // away is not there.
  bool Has(std::string_view table, std::span<const std::string_view> columns) const;
  bool Has(std::string_view table, std::initializer_list<std::string_view> columns) const {
    return Has(table, std::span(columns.begin(), columns.size()));
  }

  // Whether a column that is there holds integers, as the names of Frappe's newer log tables do.
  bool IsInteger(std::string_view table, std::string_view column) const;

  // The rows of a statement in which {table} stands for the table. Nothing when the table or one
  // of the columns is not there.
  Result<std::optional<MariadbTable>> Read(std::string_view table,
                                           std::initializer_list<std::string_view> columns,
                                           std::string_view statement, Deadline deadline);

  // Fields of the document System Settings; what is not set is missing, and nothing when settings
  // cannot be seen. `fields` are words of ours.
  Result<std::optional<std::map<std::string, std::string>>> Settings(
      std::initializer_list<std::string_view> fields, Deadline deadline);

  // About how many rows each of these tables has, as its storage engine estimates it (InnoDB can be
  // off by half). A table that is not there, or that somebody locks at the moment, is missing.
  Result<std::map<std::string, double>> RowEstimates(std::span<const std::string_view> tables,
                                                     Deadline deadline);

  // The zone of its times. Needs tabSingles among the tables; nothing when that cannot be seen.
  Result<std::optional<SiteZone>> Zone(Deadline deadline);

  // Gives back the sessions of a site that has a login of its own.
  void Close() { server_->CloseIdle(); }

 private:
  Error Explain(const Error& error) const;
  Status ReadColumns(Deadline deadline);

  SiteTarget target_;
  std::shared_ptr<MariadbServer> server_;
  std::string_view subject_;
  std::span<const SiteTable> tables_;
  // Table, column and its data type.
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> columns_;
  std::optional<SteadyTime> known_since_;
  std::optional<SiteZone> zone_;
};

// The databases of all sites, kept between runs for one collector. One thread at a time.
class SiteDatabases {
 public:
  using Connect = std::function<std::shared_ptr<MariadbServer>(const MariadbOptions&)>;

  SiteDatabases(Connect connect, MariadbLogin login, std::string_view subject,
                std::span<const SiteTable> tables)
      : connect_(std::move(connect)),
        login_(std::move(login)),
        subject_(subject),
        tables_(tables) {}

  // Of a site; nullptr when it has none of its own. Valid until the next Update or ForEachSite.
  SiteDatabase* Of(const Bench& bench, std::string_view site) const;

  // To the benches and sites that there are now.
  void Update(const Inventory& inventory);

  // A site, its database or nullptr as above, and its part of the time.
  using Visit = std::function<Status(const Bench&, const Site&, SiteDatabase*, Deadline)>;
  // Updates, and visits every site. The first failure of a visit.
  Status ForEachSite(const Inventory& inventory, Deadline deadline, const Visit& visit);

 private:
  using BySite = std::map<std::string, std::unique_ptr<SiteDatabase>, std::less<>>;

  Connect connect_;
  MariadbLogin login_;
  std::string_view subject_;
  std::span<const SiteTable> tables_;
  std::map<std::string, BySite> benches_;  // by path
};

}  // namespace erpnext
