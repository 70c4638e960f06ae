// SPDX-License-Identifier: Apache-2.0
// Writes the status page.
#include "exporter/status_page.h"

#include <fmt/core.h>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>erpnext-exporter</title><style>
body{font:15px/1.4 system-ui,sans-serif;margin:2em;max-width:70em}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.3em .8em;text-align:left;border-bottom:1px solid #ddd;vertical-align:top}
.ok{color:#137333}.bad{color:#c5221f;font-weight:600}.wait{color:#666}
</style></head><body>
)";

std::string_view StateOf(const CollectorView& view) {
  if (view.late) return "late";
  if (!view.success) return "not run yet";
  return *view.success ? "ok" : "failing";
}

std::string_view ClassOf(const CollectorView& view) {
  if (!view.success) return "wait";
  return *view.success ? "ok" : "bad";
}

std::string Age(const CollectorView& view) {
  if (!view.finished) return "";
  return fmt::format("{:.1f} s", Seconds(SystemClock().Steady() - *view.finished));
}

void AppendCollectors(const std::vector<CollectorView>& views, std::string& out) {
  out += "<h2>Collectors</h2><table><tr><th>Collector<th>State<th>Last run<th>Took<th>Last error\n";
  for (const CollectorView& view : views) {
    out +=
        fmt::format("<tr><td>{}{}<td class=\"{}\">{}<td>{}<td>{}<td>{}\n", EscapeHtml(view.name),
                    view.paced ? "" : " (on scrape)", ClassOf(view), StateOf(view), Age(view),
                    view.finished ? fmt::format("{:.1f} ms", view.duration_seconds * 1000) : "",
                    view.error ? EscapeHtml(fmt::format("{}: {}", ErrorKindName(view.error->kind),
                                                        view.error->message))
                               : "");
  }
  out += "</table>\n";
}

void AppendBench(const Bench& bench, std::string& out) {
  out += fmt::format("<tr><td>{}<td>{}<td>{}<td>", EscapeHtml(bench.name), EscapeHtml(bench.path),
                     bench.frappe_major ? std::to_string(*bench.frappe_major) : "unknown");
  constexpr std::size_t kMostSites = 100;
  for (std::size_t i = 0; i < bench.sites.size() && i < kMostSites; ++i) {
    out += EscapeHtml(bench.sites[i].name) + "<br>";
  }
  if (bench.sites.size() > kMostSites) {
    out += fmt::format("and {} more", bench.sites.size() - kMostSites);
  }
  out += fmt::format("<td>{}<td>{}<td>{}<td>",
                     bench.redis_queue ? EscapeHtml(bench.redis_queue->Text()) : "none",
                     bench.redis_cache ? EscapeHtml(bench.redis_cache->Text()) : "none",
                     EscapeHtml(bench.database.address.Text()));
  for (const Error& problem : bench.problems) out += EscapeHtml(problem.message) + "<br>";
  out += "\n";
}

void AppendBenches(const Inventory& inventory, std::string& out) {
  out += "<h2>Benches</h2>";
  if (inventory.benches.empty()) {
    out +=
        "<p class=\"bad\">No bench was found. <code>erpnext-exporter discover</code> tells "
        "where it looked.</p>\n";
    return;
  }
  out +=
      "<table><tr><th>Bench<th>Folder<th>Frappe<th>Sites<th>Queue Redis<th>Cache Redis"
      "<th>Database<th>Problems\n";
  for (const Bench& bench : inventory.benches) AppendBench(bench, out);
  out += "</table>\n";
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : RepairUtf8(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string StatusPage(Service& service, std::string_view telemetry_path) {
  std::string out(kHead);
  out += fmt::format("<h1>erpnext-exporter {}</h1>\n", EscapeHtml(VersionText()));
  out += fmt::format(
      "<p><a href=\"{0}\">Metrics</a> &middot; <a href=\"/-/healthy\">health</a> "
      "&middot; <a href=\"/-/ready\">readiness</a></p>\n",
      EscapeHtml(telemetry_path));
  if (!service.reload_state().successful) {
    out +=
        "<p class=\"bad\">The configuration file could not be loaded: the one before it is in "
        "force.</p>\n";
  }
  AppendCollectors(service.Views(), out);
  AppendBenches(*service.inventory(), out);
  return out += "</body></html>\n";
}

}  // namespace erpnext
