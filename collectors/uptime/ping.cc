// SPDX-License-Identifier: Apache-2.0
// Asks each site for /api/method/ping, as a user's browser would, and tells why when it fails.
#include "collectors/uptime/ping.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "collectors/context.h"

namespace erpnext {
namespace {

constexpr Family kUp{.name = "erpnext_site_up",
                     .labels = {"bench", "site"},
                     .help =
                         "1 when the site answered its ping as Frappe does, or said that it is "
                         "asked too often; 0 when not. Also 0 in maintenance mode.",
                     .source = "GET /api/method/ping with the site as Host"};
constexpr Family kDuration{.name = "erpnext_site_ping_duration_seconds",
                           .labels = {"bench", "site"},
                           .help = "Time from connecting to the end of the answer or the failure.",
                           .source = "GET /api/method/ping"};
constexpr Family kStatusCode{.name = "erpnext_site_ping_status_code",
                             .labels = {"bench", "site"},
                             .help = "HTTP status of the answer. Absent when there was none.",
                             .source = "GET /api/method/ping"};
constexpr Family kResult{
    .name = "erpnext_site_ping_result_info",
    .labels = {"bench", "site", "reason"},
    .help =
        "How the ping ended, with value 1: ok, maintenance, rate_limited, not_found, denied, "
        "server_error, gateway, wrong_answer, refused, down, timeout, tls, protocol, or "
        "no_host_name for a folder whose name no browser can ask for; such a site is neither up "
        "nor down.",
    .source = "GET /api/method/ping"};
constexpr Family kMaintenance{
    .name = "erpnext_site_maintenance_mode",
    .labels = {"bench", "site"},
    .help = "1 when the configuration puts the site into maintenance mode.",
    .source = "maintenance_mode of site_config.json or common_site_config.json"};
constexpr const Family* kFamilies[] = {&kUp, &kDuration, &kStatusCode, &kResult, &kMaintenance};

struct Verdict {
  bool up = false;
  std::string_view reason;
};

Verdict JudgeStatus(const HttpResponse& response, bool maintenance) {
  switch (response.status) {
    // The answer of another site that serves unknown hosts has no pong in it.
    case 200:
      return response.body.find("\"pong\"") != std::string::npos ? Verdict{true, "ok"}
                                                                 : Verdict{false, "wrong_answer"};
    case 401:
    case 403: return {false, "denied"};
    case 404: return {false, "not_found"};  // the web server knows no such site
    case 429: return {true, "rate_limited"};
    case 502:
    case 504: return {false, "gateway"};
    case 503:
      // Web processes keep their configuration for up to a minute: the answer tells too.
      if (maintenance || response.body.find("SessionStopped") != std::string::npos) {
        return {false, "maintenance"};
      }
      return {false, "server_error"};
    default: return {false, response.status >= 500 ? "server_error" : "wrong_answer"};
  }
}

Verdict Judge(const Result<HttpResponse>& response, bool maintenance) {
  if (response) return JudgeStatus(*response, maintenance);
  switch (response.error().kind) {
    case ErrorKind::kRefused: return {false, "refused"};
    case ErrorKind::kUnavailable: return {false, "down"};
    case ErrorKind::kTimeout: return {false, "timeout"};
    case ErrorKind::kPermission: return {false, "tls"};
    default: return {false, "protocol"};
  }
}

// "site.local copy" counts as a site for Frappe, and its jobs run, but it cannot be a Host.
bool IsHostName(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

struct Probe {
  const Bench* bench = nullptr;
  const Site* site = nullptr;
  double seconds = 0;
  std::optional<Result<HttpResponse>> response;  // nothing: there was no time left for it
};

// The sites of one bench that are to be asked, from the one that comes first this time.
struct Round {
  std::vector<Probe> probes;
  std::size_t first = 0;
  std::atomic<std::size_t> taken{0};
};

void AddProbe(const Probe& probe, SampleSink& sink) {
  const std::string& bench = probe.bench->name;
  const std::string& site = probe.site->name;
  if (!probe.response) return;
  const Verdict verdict = Judge(*probe.response, probe.site->config.Truthy("maintenance_mode"));
  sink.Add(kUp, {bench, site}, verdict.up ? 1 : 0);
  sink.Add(kDuration, {bench, site}, probe.seconds);
  sink.Add(kResult, {bench, site, verdict.reason}, 1);
  if (*probe.response) sink.Add(kStatusCode, {bench, site}, (*probe.response)->status);
}

class SitePingCollector final : public Collector {
 public:
  explicit SitePingCollector(const CollectorContext& context) : context_(context) {}

  Status Collect(Deadline deadline, SampleSink& sink) override {
    const auto inventory = context_.inventory->Current();
    std::map<std::string, Round> rounds;  // by path of the bench
    for (const Bench& bench : inventory->benches) {
      Round& round = rounds[bench.path];
      for (const Site& site : bench.sites) AddSite(bench, site, round, sink);
      if (!round.probes.empty()) round.first = first_[bench.path] % round.probes.size();
    }
    ProbeAll(rounds, deadline);

    first_.clear();
    std::size_t skipped = 0;
    for (const auto& [path, round] : rounds) {
      std::size_t asked = 0;
      for (const Probe& probe : round.probes) {
        AddProbe(probe, sink);
        asked += probe.response ? 1 : 0;
      }
      skipped += round.probes.size() - asked;
      first_[path] = round.first + asked;  // who was left out comes first the next time
    }
    if (skipped == 0) return {};
    return Fail(ErrorKind::kTimeout, "no time left to ping {} sites: others answer too slowly",
                skipped);
  }

 private:
  static void AddSite(const Bench& bench, const Site& site, Round& round, SampleSink& sink) {
    sink.Add(kMaintenance, {bench.name, site.name}, site.config.Truthy("maintenance_mode") ? 1 : 0);
    if (IsHostName(site.name)) {
      round.probes.push_back({&bench, &site, 0, std::nullopt});
    } else {
      sink.Add(kResult, {bench.name, site.name, "no_host_name"}, 1);
    }
  }

  // All benches at once, for each has a web server of its own; of one bench a few sites at a time,
  // so that the ping itself does not fill a small web server. Returns when all threads have ended.
  void ProbeAll(std::map<std::string, Round>& rounds, Deadline deadline) const {
    const auto patience = std::min<Deadline::Clock::duration>(context_.settings.probe.timeout,
                                                              deadline.Remaining() / 2);
    std::vector<std::jthread> threads;
    for (auto& [path, round] : rounds) {
      const auto count = std::min<std::size_t>(
          round.probes.size(),
          static_cast<std::size_t>(std::clamp(context_.settings.probe.concurrency, 1, 64)));
      for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back(
            [this, &round = round, patience, deadline] { Work(round, patience, deadline); });
      }
    }
  }

  // No site is asked with less time than the others had: it would be called down for our haste.
  void Work(Round& round, Deadline::Clock::duration patience, Deadline deadline) const {
    while (deadline.Remaining() >= patience) {
      const std::size_t next = round.taken++;
      if (next >= round.probes.size()) return;
      Ask(round.probes[(round.first + next) % round.probes.size()], Deadline::After(patience));
    }
  }

  void Ask(Probe& probe, Deadline deadline) const {
    HttpRequest request;
    request.address = probe.bench->web_address;
    request.host = probe.site->name;
    request.path = context_.settings.probe.path;
    const auto begin = Deadline::Clock::now();
    probe.response = context_.http_get(request, deadline);
    probe.seconds = Seconds(Deadline::Clock::now() - begin);
  }

  CollectorContext context_;
  std::map<std::string, std::size_t> first_;  // by path of the bench: the site to begin with
};

}  // namespace

const CollectorEntry kSitePingCollector{
    .name = "site_ping",
    .summary = "whether each site answers, how fast, and why not",
    .access = "HTTP to the web server of the bench",
    .interval = std::chrono::seconds(15),
    .timeout = std::chrono::seconds(30),
    .families = kFamilies,
    .make = [](const CollectorContext& context) -> std::unique_ptr<Collector> {
      return std::make_unique<SitePingCollector>(context);
    }};

}  // namespace erpnext
