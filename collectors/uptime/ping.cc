// SPDX-License-Identifier: Apache-2.0
// Asks each site for /api/method/ping, as a user's browser would, and tells why when it fails.
#include "collectors/uptime/ping.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

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
        "server_error, gateway, wrong_answer, refused, down, timeout, tls or protocol.",
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

struct Probe {
  const Bench* bench = nullptr;
  const Site* site = nullptr;
  double seconds = 0;
  std::optional<Result<HttpResponse>> response;  // nothing: there was no time left for it
};

void AddProbe(const Probe& probe, SampleSink& sink) {
  const std::string& bench = probe.bench->name;
  const std::string& site = probe.site->name;
  const bool maintenance = probe.site->config.Truthy("maintenance_mode");
  sink.Add(kMaintenance, {bench, site}, maintenance ? 1 : 0);
  if (!probe.response) return;
  const Verdict verdict = Judge(*probe.response, maintenance);
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
    Status status;
    std::size_t skipped = 0;
    std::size_t left = inventory->benches.size();
    for (const Bench& bench : inventory->benches) {
      const auto probes = ProbeSites(bench, deadline.Share(left--));
      for (const Probe& probe : probes) {
        AddProbe(probe, sink);
        skipped += probe.response ? 0 : 1;
      }
    }
    // Who was left out this time comes first the next time.
    if (skipped != 0) {
      return Fail(ErrorKind::kTimeout, "no time left to ping {} sites: others answer too slowly",
                  skipped);
    }
    return status;
  }

 private:
  // A few at a time, so that the ping itself does not fill a small web server.
  std::vector<Probe> ProbeSites(const Bench& bench, Deadline deadline) {
    std::vector<Probe> probes;
    for (const Site& site : bench.sites) probes.push_back({&bench, &site, 0, std::nullopt});
    if (probes.empty()) return probes;
    std::size_t& first = first_[bench.path];
    std::atomic<std::size_t> taken{0};
    {
      std::vector<std::jthread> threads;
      const auto count = std::min<std::size_t>(
          probes.size(), static_cast<std::size_t>(context_.settings.probe.concurrency));
      for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([&] {
          for (;;) {
            const std::size_t next = taken++;
            if (next >= probes.size() || deadline.Expired()) return;
            Run(bench, probes[(first + next) % probes.size()], deadline);
          }
        });
      }
    }
    first = (first + taken) % probes.size();
    return probes;
  }

  void Run(const Bench& bench, Probe& probe, Deadline deadline) const {
    HttpRequest request;
    request.address = bench.web_address;
    request.host = probe.site->name;
    request.path = context_.settings.probe.path;
    const auto begin = Deadline::Clock::now();
    const Deadline own = Deadline::After(context_.settings.probe.timeout);
    probe.response = context_.http_get(request, deadline.Earlier(own));
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
