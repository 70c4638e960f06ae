// SPDX-License-Identifier: Apache-2.0
// How large the database of each site is, and its largest tables. InnoDB's persistent statistics
// are what information_schema.TABLES shows as well, but to read them opens no table: it can wait
// for no change of one.
#include "collectors/mariadb/sizes.h"

#include <algorithm>
#include <map>

#include "collectors/context.h"
#include "core/text.h"
#include "sources/innodb_locks.h"
#include "sources/mariadb_target.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kBytes{
    .name = "erpnext_site_database_bytes",
    .labels = {"bench", "site", "kind"},
    .help =
        "Size of the site's InnoDB tables: data, and index for all other indexes. As InnoDB "
        "counted "
        "pages last, which it does again when a tenth of a table has changed.",
    .source =
        "clustered_index_size and sum_of_other_index_sizes of mysql.innodb_table_stats; with "
        "innodb_page_size"};
constexpr Family kTables{.name = "erpnext_site_database_tables",
                         .labels = {"bench", "site"},
                         .help = "InnoDB tables of the site.",
                         .source = "mysql.innodb_table_stats"};
constexpr Family kTableBytes{
    .name = "erpnext_site_table_bytes",
    .labels = {"bench", "site", "doctype"},
    .help = "Size of the five largest tables of the site, indexes included.",
    .source = "mysql.innodb_table_stats"};
constexpr Family kTableRows{.name = "erpnext_site_table_rows",
                            .labels = {"bench", "site", "doctype"},
                            .help = "About how many rows they have.",
                            .source = "n_rows of mysql.innodb_table_stats"};
constexpr const Family* kFamilies[] = {&kBytes, &kTables, &kTableBytes, &kTableRows};

constexpr std::size_t kLargest = 5;  // as System Health Report shows

struct Size {
  double data = 0;
  double index = 0;
  double rows = 0;
  double bytes() const { return data + index; }
};

using Sizes = std::map<std::string, Size>;  // by table

Sizes SizesOf(const MariadbTable& table) {
  Sizes sizes;
  for (const auto& row : table.rows) {
    if (row.size() != 4 || !row[0] || row[0]->starts_with("#sql")) continue;
    std::string name = *row[0];
    // A partition has a row of its own: "table#P#p0".
    if (const std::size_t part = ToLower(name).find("#p#"); part != std::string::npos) {
      name.resize(part);
    }
    const auto number = [&](std::size_t column) {
      return ParseNumber<double>(row[column].value_or("")).value_or(0);
    };
    Size& size = sizes[name];
    size.rows += number(1);
    size.data += number(2);
    size.index += number(3);
  }
  return sizes;
}

void Add(std::string_view bench, std::string_view site, const Sizes& sizes, SampleSink& sink) {
  Size all;
  std::vector<std::pair<std::string_view, Size>> order;
  for (const auto& [table, size] : sizes) {
    all.data += size.data;
    all.index += size.index;
    order.emplace_back(table, size);
  }
  sink.Add(kBytes, {bench, site, "data"}, all.data);
  sink.Add(kBytes, {bench, site, "index"}, all.index);
  sink.Add(kTables, {bench, site}, static_cast<double>(sizes.size()));
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second.bytes() > b.second.bytes();
  });
  for (std::size_t i = 0; i < std::min(order.size(), kLargest); ++i) {
    const std::string_view doctype = DocTypeOf(order[i].first);
    sink.Add(kTableBytes, {bench, site, doctype}, order[i].second.bytes());
    sink.Add(kTableRows, {bench, site, doctype}, order[i].second.rows);
  }
}

class MariadbSizesCollector final : public Collector {
 public:
  explicit MariadbSizesCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    std::size_t left = 0;
    for (const Bench& bench : inventory->benches) left += bench.sites.size();
    Status status;
    for (const Bench& bench : inventory->benches) {
      if (bench.database.type != "mariadb") continue;
      const MariadbLogin& login = context_.settings.mariadb;
      const auto server = context_.mariadb_server(MariadbOptionsFor(bench, login));
      for (const SiteTarget& target : SiteTargetsOf(bench, login).sites) {
        const auto rows = server->Query(Statement(target.schema), deadline.Share(left--));
        // Who may not read it has no sizes; that is the same for each site.
        if (!rows && rows.error().kind == ErrorKind::kPermission) break;
        if (!rows && status) status = Fail(rows.error());
        if (!rows) continue;
        const Sizes sizes = SizesOf(*rows);
        if (!sizes.empty()) Add(bench.name, target.site, sizes, sink);
      }
    }
    return status;
  }

 private:
  static std::string Statement(const std::string& schema) {
    return fmt::format(
        "/* mariadb_sizes */ SELECT table_name, n_rows, clustered_index_size * "
        "@@innodb_page_size, sum_of_other_index_sizes * @@innodb_page_size FROM "
        "mysql.innodb_table_stats WHERE database_name = {} LIMIT 20000",
        QuoteText(schema));
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbSizesCollector{
    .name = "mariadb_sizes",
    .summary = "size of each site's database and of its largest tables",
    .access = "MariaDB: SELECT on mysql.innodb_table_stats; without it nothing",
    .mariadb_tables = "mysql.innodb_table_stats",
    .interval = std::chrono::minutes(5),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbSizesCollector>(context);
    }};

}  // namespace erpnext
