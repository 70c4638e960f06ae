// SPDX-License-Identifier: Apache-2.0
// Asks for columns first and for rows afterwards, so that what is missing is absent, not failed.
#include "sources/site_database.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "sources/mariadb_error.h"

namespace erpnext {
namespace {

constexpr std::chrono::minutes kColumnsLast{10};
constexpr std::ptrdiff_t kMaxIdentifier = 64;  // characters; MariaDB refuses longer ones

// Doubles each of `characters`.
std::string Doubled(std::string_view text, std::string_view characters) {
  std::string out;
  for (const char c : text) {
    if (characters.find(c) != std::string_view::npos) out.push_back(c);
    out.push_back(c);
  }
  return out;
}

}  // namespace

std::optional<std::string> QuoteIdentifier(std::string_view name) {
  const auto characters = std::count_if(name.begin(), name.end(),
                                        [](unsigned char byte) { return (byte & 0xC0) != 0x80; });
  if (name.empty() || characters > kMaxIdentifier || !IsValidUtf8(name)) return std::nullopt;
  if (name.find('\0') != std::string_view::npos || name.ends_with(' ')) return std::nullopt;
  return "`" + Doubled(name, "`") + "`";
}

// Doubled, a backslash is one backslash or, under NO_BACKSLASH_ESCAPES, two: never the end.
std::string QuoteText(std::string_view text) { return "'" + Doubled(text, "'\\") + "'"; }

SiteTargets SiteTargetsOf(const Bench& bench, const MariadbLogin& login,
                          const std::string& default_socket) {
  SiteTargets targets;
  std::map<std::pair<std::string, std::string>, std::string> first;  // server, schema: site
  const auto skip = [&](const Site& site, std::string why, bool is_copy = false) {
    targets.skipped.push_back({site.name, std::move(why), is_copy});
  };
  for (const Site& site : bench.sites) {
    if (site.config.Text("db_type").value_or("mariadb") != "mariadb") {
      skip(site, "its database is not MariaDB's, which alone is supported");
      continue;
    }
    const auto schema = SchemaOf(site);
    if (!schema || !QuoteIdentifier(*schema)) {
      skip(site, "site_config.json has no usable db_name");
      continue;
    }
    auto options = MariadbOptionsFor(site, login, default_socket);
    if (!options) {
      skip(site, "site_config.json has no db_password, and site credentials are wanted");
      continue;
    }
    const auto [known, fresh] =
        first.emplace(std::pair(options->address.Text(), *schema), site.name);
    if (!fresh) {
      skip(site, fmt::format("its database is that of {}", RepairUtf8(known->second)), true);
      continue;
    }
    targets.sites.push_back({site.name, *schema, std::move(*options)});
  }
  return targets;
}

SiteDatabase::SiteDatabase(SiteTarget target, std::shared_ptr<MariadbServer> server,
                           std::string_view subject, std::span<const SiteTable> tables)
    : target_(std::move(target)), server_(std::move(server)), subject_(subject), tables_(tables) {}

Error SiteDatabase::Explain(const Error& error) const {
  return {error.kind, fmt::format("site {}: {}", RepairUtf8(target_.site), error.message)};
}

Status SiteDatabase::ReadColumns(Deadline deadline) {
  std::vector<std::string> names;
  for (const SiteTable& table : tables_) names.push_back(QuoteText(table.name));
  // Shows what this login has a privilege on, and nothing else. One may see names and no rows.
  const auto rows =
      server_->Query(fmt::format("/* {} */ SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM "
                                 "information_schema.COLUMNS WHERE "
                                 "TABLE_SCHEMA = {} AND TABLE_NAME IN ({}) AND PRIVILEGES LIKE "
                                 "'%select%'",
                                 subject_, QuoteText(target_.schema), fmt::join(names, ", ")),
                     deadline);
  if (!rows) return Fail(Explain(rows.error()));
  columns_.clear();
  for (const auto& row : rows->rows) {
    if (row.size() < 2 || !row[0] || !row[1]) continue;
    columns_[*row[0]].emplace(*row[1], row.size() > 2 ? row[2].value_or("") : "");
  }
  if (columns_.empty()) {
    return Fail(ErrorKind::kPermission,
                "site {}: its database {} does not exist, or {} may not read it: run the SQL that "
                "`erpnext-exporter grants` prints",
                RepairUtf8(target_.site), RepairUtf8(target_.schema), target_.options.user);
  }
  return {};
}

Status SiteDatabase::Open(SteadyTime now, Deadline deadline) {
  if (known_since_ && now - *known_since_ < kColumnsLast) return {};
  known_since_.reset();
  zone_.reset();
  if (Status status = ReadColumns(deadline); !status) return status;
  known_since_ = now;
  return {};
}

bool SiteDatabase::Has(std::string_view table, std::span<const std::string_view> columns) const {
  const auto found = columns_.find(table);
  return found != columns_.end() &&
         std::all_of(columns.begin(), columns.end(),
                     [&](std::string_view column) { return found->second.contains(column); });
}

bool SiteDatabase::IsInteger(std::string_view table, std::string_view column) const {
  const auto found = columns_.find(table);
  if (found == columns_.end()) return false;
  const auto type = found->second.find(column);
  return type != found->second.end() && type->second.ends_with("int");
}

Result<std::optional<MariadbTable>> SiteDatabase::Read(
    std::string_view table, std::initializer_list<std::string_view> columns,
    std::string_view statement, Deadline deadline) {
  constexpr std::string_view kPlace = "{table}";
  const std::size_t place = statement.find(kPlace);
  const auto schema = QuoteIdentifier(target_.schema);
  const auto name = QuoteIdentifier(table);
  if (!Has(table, columns) || !schema || !name || place == std::string_view::npos) {
    return std::optional<MariadbTable>();
  }
  auto rows = server_->Query(fmt::format("/* {} */ {}{}.{}{}", subject_, statement.substr(0, place),
                                         *schema, *name, statement.substr(place + kPlace.size())),
                             deadline);
  if (rows) return std::optional(std::move(*rows));
  // A table, a column or a grant is no longer there.
  if (IsAbsent(rows.error())) known_since_.reset();
  return Fail(Explain(rows.error()));
}

Result<std::optional<std::map<std::string, std::string>>> SiteDatabase::Settings(
    std::initializer_list<std::string_view> fields, Deadline deadline) {
  using Values = std::map<std::string, std::string>;
  std::vector<std::string> names;
  for (std::string_view field : fields) names.push_back(QuoteText(field));
  const auto rows = Read("tabSingles", {"doctype", "field", "value"},
                         fmt::format("SELECT field, value FROM {{table}} WHERE doctype = 'System "
                                     "Settings' AND field IN ({})",
                                     fmt::join(names, ", ")),
                         deadline);
  if (!rows) return Fail(rows.error());
  if (!*rows) return std::optional<Values>();
  Values values;
  for (const auto& row : (*rows)->rows) {
    if (row.size() == 2 && row[0] && row[1]) values.emplace(*row[0], *row[1]);
  }
  return std::optional(std::move(values));
}

Result<std::map<std::string, double>> SiteDatabase::RowEstimates(
    std::span<const std::string_view> tables, Deadline deadline) {
  std::vector<std::string> names;
  for (std::string_view table : tables) {
    if (columns_.contains(table)) names.push_back(QuoteText(table));
  }
  std::map<std::string, double> estimates;
  if (names.empty()) return estimates;
  // Opens these tables, and no others of the schema. A lock that a change of a table waits for does
  // not hold this up; one that is held gives NULL.
  const auto rows = server_->Query(
      fmt::format("/* {} */ SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES WHERE "
                  "TABLE_SCHEMA = {} AND TABLE_NAME IN ({})",
                  subject_, QuoteText(target_.schema), fmt::join(names, ", ")),
      deadline);
  if (!rows) return Fail(Explain(rows.error()));
  for (const auto& row : rows->rows) {
    if (row.size() != 2 || !row[0] || !row[1]) continue;
    if (const auto number = ParseNumber<double>(*row[1])) estimates[*row[0]] = *number;
  }
  return estimates;
}

Result<std::optional<SiteZone>> SiteDatabase::Zone(Deadline deadline) {
  if (zone_) return zone_;
  const auto settings = Settings({"time_zone"}, deadline);
  if (!settings) return Fail(settings.error());
  if (!*settings) return std::optional<SiteZone>();
  const auto set = (*settings)->find("time_zone");
  const bool is_set = set != (*settings)->end() && !set->second.empty();
  auto zone = SiteZone::Find(is_set ? set->second : kDefaultSiteZone);
  if (!zone) return Fail(Explain(zone.error()));
  zone_ = *zone;
  return zone_;
}

SiteDatabase* SiteDatabases::Of(const Bench& bench, std::string_view site) const {
  const auto sites = benches_.find(bench.path);
  if (sites == benches_.end()) return nullptr;
  const auto found = sites->second.find(site);
  return found != sites->second.end() ? found->second.get() : nullptr;
}

void SiteDatabases::Update(const Inventory& inventory) {
  std::map<std::string, BySite> old = std::move(benches_);
  benches_.clear();
  for (const Bench& bench : inventory.benches) {
    BySite& known = old[bench.path];
    BySite& sites = benches_[bench.path];
    for (SiteTarget& target : SiteTargetsOf(bench, login_).sites) {
      std::unique_ptr<SiteDatabase>& database = sites[target.site];
      auto same = known.find(target.site);
      if (same != known.end() && same->second && same->second->target() == target) {
        database = std::move(same->second);
      } else {
        auto server = connect_(target.options);
        database =
            std::make_unique<SiteDatabase>(std::move(target), std::move(server), subject_, tables_);
      }
    }
  }
}

Status SiteDatabases::ForEachSite(const Inventory& inventory, Deadline deadline,
                                  const Visit& visit) {
  Update(inventory);
  std::size_t left = 0;
  for (const Bench& bench : inventory.benches) left += bench.sites.size();
  Status status;
  for (const Bench& bench : inventory.benches) {
    for (const Site& site : bench.sites) {
      const Status visited = visit(bench, site, Of(bench, site.name), deadline.Share(left--));
      if (!visited && status) status = visited;
    }
  }
  return status;
}

}  // namespace erpnext
