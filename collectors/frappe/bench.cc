// SPDX-License-Identifier: Apache-2.0
// Finds benches and their sites, for this collector and for all others.
#include "collectors/frappe/bench.h"

#include "collectors/context.h"

namespace erpnext {
namespace {

constexpr Family kBenchInfo{.name = "erpnext_bench_info",
                            .labels = {"bench", "path", "bench_id", "frappe_version"},
                            .help = "A bench that was found, with value 1.",
                            .source = "bench folder; apps/frappe/frappe/__init__.py"};
constexpr Family kAppInfo{
    .name = "erpnext_app_info",
    .labels = {"bench", "app", "version"},
    .help = "An app of the bench and the version of its code on disk, with value 1.",
    .source = "sites/apps.txt; __version__ in apps/<app>/<app>/__init__.py"};
constexpr Family kSiteInfo{
    .name = "erpnext_site_info",
    .labels = {"bench", "site"},
    .help = "A site of the bench as Frappe's get_sites finds it, with value 1.",
    .source = "folders with a site_config.json below sites/"};
constexpr Family kSites{.name = "erpnext_bench_sites",
                        .labels = {"bench"},
                        .help = "Number of sites of the bench.",
                        .source = "folders with a site_config.json below sites/"};
constexpr Family kConfigErrors{
    .name = "erpnext_bench_config_errors",
    .labels = {"bench"},
    .help = "Number of files of the bench and its sites that cannot be used at present.",
    .source = "common_site_config.json, site_config.json, apps.txt"};
constexpr const Family* kFamilies[] = {&kBenchInfo, &kAppInfo, &kSiteInfo, &kSites, &kConfigErrors};

class BenchCollector final : public Collector {
 public:
  explicit BenchCollector(const CollectorContext& context)
      : inventory_(context.inventory), reader_(context.settings.discovery) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    auto inventory = reader_.Read(deadline);
    if (!inventory) return Fail(inventory.error());
    Status status;
    for (const Bench& bench : inventory->benches) {
      const Status added = Add(bench, sink);
      if (!added && status) status = added;
    }
    if (!inventory->problems.empty() && status) status = Fail(inventory->problems.front());
    inventory_->Publish(std::move(*inventory));
    return status;
  }

 private:
  // The error is that of the first file that cannot be used.
  static Status Add(const Bench& bench, SampleSink& sink) {
    const App* frappe = nullptr;
    for (const App& app : bench.apps) {
      sink.Add(kAppInfo, {bench.name, app.name, app.version}, 1);
      if (app.name == "frappe") frappe = &app;
    }
    sink.Add(kBenchInfo,
             {bench.name, bench.path, bench.id, frappe != nullptr ? frappe->version : ""}, 1);
    sink.Add(kSites, {bench.name}, static_cast<double>(bench.sites.size()));
    std::vector<Error> problems = bench.problems;
    for (const Site& site : bench.sites) {
      sink.Add(kSiteInfo, {bench.name, site.name}, 1);
      if (site.problem) problems.push_back(*site.problem);
    }
    sink.Add(kConfigErrors, {bench.name}, static_cast<double>(problems.size()));
    if (problems.empty()) return {};
    return Fail(problems.front());
  }

  std::shared_ptr<InventoryHolder> inventory_;
  BenchReader reader_;
};

}  // namespace

const CollectorEntry kBenchCollector{
    .name = "bench",
    .summary = "benches, sites and app versions; tells all others where to look",
    .access =
        "read the bench folders: sites/*/site_config.json, sites/apps.txt, apps/*/*/__init__.py",
    .required = true,
    .interval = std::chrono::seconds(15),
    .timeout = std::chrono::seconds(5),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<BenchCollector>(context);
    }};

}  // namespace erpnext
