// SPDX-License-Identifier: Apache-2.0
// How large the database of each site is, and its largest tables. InnoDB's persistent statistics
// are what information_schema.TABLES shows as well, but to read them opens no table: it can wait
// for no change of one.
#include "collectors/mariadb/sizes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "collectors/context.h"
#include "core/text.h"
#include "sources/innodb_files.h"
#include "sources/innodb_locks.h"
#include "sources/mariadb_target.h"
#include "sources/site_database.h"

namespace erpnext {
namespace {

constexpr Family kBytes{
    .name = "erpnext_site_database_bytes",
    .labels = {"bench", "site", "kind"},
    .help =
        "Size of the site's InnoDB tables: data, index for all other indexes, and free for what "
        "their files hold beyond these, which new rows use again. As InnoDB counted pages last, "
        "which it does again when a tenth of a table has changed. Without the privilege PROCESS "
        "free is absent, and compressed tables look larger than they are.",
    .source =
        "clustered_index_size and sum_of_other_index_sizes of mysql.innodb_table_stats; with "
        "innodb_page_size; FILE_SIZE and PAGE_SIZE of information_schema.INNODB_SYS_TABLESPACES"};
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

constexpr std::string_view kSubject = "mariadb_sizes";
constexpr std::size_t kLargest = 5;  // as System Health Report shows

// Of each file: its header, a map of its pages, and the list of its segments.
constexpr double kPagesOfFile = 3;

struct Size {
  double data = 0;
  double index = 0;
  double rows = 0;
  double bytes() const { return data + index; }
};

using Sizes = std::map<std::string, Size>;  // by table

Sizes SizesOf(const MariadbTable& table, std::string_view schema, const FilesOfTables& files) {
  Sizes sizes;
  for (const auto& row : table.rows) {
    if (row.size() != 5 || !row[0] || row[0]->starts_with("#sql")) continue;
    std::string name = *row[0];
    // A partition has a row of its own: "table#P#p0".
    if (const std::size_t part = ToLower(name).find("#p#"); part != std::string::npos) {
      name.resize(part);
    }
    const auto number = [&](std::size_t column) {
      return ParseNumber<double>(row[column].value_or("")).value_or(0);
    };
    Size& size = sizes[name];
    const double page_bytes = number(4) * PartOfPage(files, schema, name, number(4));
    size.rows += number(1);
    size.data += number(2) * page_bytes;
    size.index += number(3) * page_bytes;
  }
  return sizes;
}

// What the files of tables hold beyond their pages; nothing where no file is known.
std::optional<double> FreeBytes(const Sizes& sizes, std::string_view schema,
                                const FilesOfTables& files) {
  const auto of_schema = files.find(schema);
  if (of_schema == files.end()) return std::nullopt;
  double free = 0;
  for (const auto& [table, size] : sizes) {
    const auto found = of_schema->second.find(table);
    if (found == of_schema->second.end()) continue;
    const TableFiles& file = found->second;
    const double header = kPagesOfFile * file.page_bytes * static_cast<double>(file.count);
    // Pages may have been counted when there were more of them.
    free += std::max(0.0, file.bytes - header - size.bytes());
  }
  return free;
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
    std::set<std::string> schemas;
    for (const Bench& bench : inventory->benches) {
      left += 2 * bench.sites.size();
      for (const Site& site : bench.sites) schemas.insert(SchemaOf(site).value_or(""));
    }
    Servers servers;
    Status status;
    for (const Bench& bench : inventory->benches) {
      if (bench.database.type != "mariadb") continue;
      MariadbOptions options = MariadbOptionsFor(bench, context_.settings.mariadb);
      for (const SiteTarget& target : SiteTargetsOf(bench, context_.settings.mariadb).sites) {
        options.address = target.options.address;  // a site may have one of its own
        const auto server = context_.mariadb_server(options);
        OfServer& known = ReadOnce(server, schemas, servers, deadline.Share(left--));
        const Deadline share = deadline.Share(left--);
        if (known.denied) continue;
        const Status read = CollectSite(bench, target, *server, known, share, sink);
        if (!read && status) status = read;
      }
    }
    return status;
  }

 private:
  // What is the same for each site of a server.
  struct OfServer {
    Result<FilesOfTables> files;
    bool denied = false;  // whether the sizes are not for us
  };
  using Servers = std::map<std::shared_ptr<MariadbServer>, OfServer>;

  static OfServer& ReadOnce(const std::shared_ptr<MariadbServer>& server,
                            const std::set<std::string>& schemas, Servers& servers,
                            Deadline deadline) {
    const auto known = servers.find(server);
    if (known != servers.end()) return known->second;
    const auto wanted = [&](const std::string& schema, const std::string&) {
      return schemas.contains(schema);
    };
    auto files = ReadTableFiles(*server, kSubject, FileChoice::kAll, wanted, deadline);
    return servers.emplace(server, OfServer{std::move(files)}).first->second;
  }

  static Status CollectSite(const Bench& bench, const SiteTarget& target, MariadbServer& server,
                            OfServer& known, Deadline deadline, SampleSink& sink) {
    if (!known.files) return Fail(known.files.error());
    const auto rows = server.Query(Statement(target.schema), deadline);
    known.denied = !rows && rows.error().kind == ErrorKind::kPermission;
    if (known.denied) return {};
    if (!rows) return Fail(rows.error());
    const Sizes sizes = SizesOf(*rows, target.schema, *known.files);
    if (sizes.empty()) return {};
    Add(bench.name, target.site, sizes, sink);
    if (const auto free = FreeBytes(sizes, target.schema, *known.files)) {
      sink.Add(kBytes, {bench.name, target.site, "free"}, *free);
    }
    return {};
  }

  static std::string Statement(const std::string& schema) {
    return fmt::format(
        "/* {} */ SELECT table_name, n_rows, clustered_index_size, sum_of_other_index_sizes, "
        "@@innodb_page_size FROM mysql.innodb_table_stats WHERE database_name = {} LIMIT 20000",
        kSubject, QuoteText(schema));
  }

  CollectorContext context_;
};

}  // namespace

const CollectorEntry kMariadbSizesCollector{
    .name = "mariadb_sizes",
    .summary = "size of each site's database and of its largest tables",
    .access =
        "MariaDB: SELECT on mysql.innodb_table_stats; without it nothing. PROCESS for free bytes "
        "and for sizes of compressed tables",
    .mariadb_privileges = "PROCESS",
    .mariadb_tables = "mysql.innodb_table_stats",
    .interval = std::chrono::minutes(5),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<MariadbSizesCollector>(context);
    }};

}  // namespace erpnext
