// SPDX-License-Identifier: Apache-2.0
// From requests to the service and back.
#include "exporter/endpoints.h"

#include <algorithm>

#include "core/text.h"
#include "exporter/accept.h"
#include "exporter/exposition.h"
#include "exporter/gzip.h"
#include "exporter/self_metrics.h"
#include "exporter/status_page.h"

namespace erpnext {
namespace {

std::vector<std::string> QueryValues(const WebRequest& request, const std::string& name) {
  std::vector<std::string> values;
  const auto [begin, end] = request.query.equal_range(name);
  for (auto item = begin; item != end; ++item) values.push_back(item->second);
  return values;
}

WebResponse Refusal(int status, const Error& error) {
  return {.status = status, .body = error.message + "\n"};
}

std::string SelfText(const std::vector<CollectorView>& views, const ReloadState& reload,
                     ExpositionFormat format) {
  std::string text;
  AppendFamilies(SelfMetrics(views, reload), format, text);
  if (format == ExpositionFormat::kOpenMetrics) text.append("# EOF\n");
  return text;
}

// The parts of the collectors were written and compressed when they were collected.
std::string Document(const std::vector<CollectorView>& views, const std::string& self,
                     ExpositionFormat format, bool gzip) {
  if (gzip) {
    std::vector<const GzipPart*> parts;
    for (const CollectorView& view : views) {
      if (view.snapshot) parts.push_back(&view.snapshot->Gzip(format));
    }
    const GzipPart self_part = Compress(self);
    parts.push_back(&self_part);
    return AssembleGzip(parts);
  }
  std::string text;
  std::size_t size = self.size();
  for (const CollectorView& view : views) {
    if (view.snapshot) size += view.snapshot->Text(format).size();
  }
  text.reserve(size);
  for (const CollectorView& view : views) {
    if (view.snapshot) text.append(view.snapshot->Text(format));
  }
  return text.append(self);
}

WebResponse Answer(const WebRequest& request, const std::vector<CollectorView>& views,
                   const std::string& end, ExpositionFormat format) {
  const bool gzip = AcceptsGzip(request.Header("Accept-Encoding"));
  WebResponse response;
  response.content_type = ContentType(format);
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  response.body = Document(views, end, format, gzip);
  return response;
}

WebResponse Metrics(Service& service, const WebRequest& request) {
  const CollectorFilter filter{QueryValues(request, "collect[]"),
                               QueryValues(request, "exclude[]")};
  const auto deadline =
      Deadline::After(ScrapeTime(request.Header("X-Prometheus-Scrape-Timeout-Seconds")));
  if (const Status status = service.Check(filter); !status) return Refusal(400, status.error());
  const auto views = service.Scrape(filter, deadline);
  if (!views) return Refusal(503, views.error());
  const ExpositionFormat format = NegotiateFormat(request.Header("Accept"));
  return Answer(request, *views, SelfText(*views, service.reload_state(), format), format);
}

int StatusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kMalformed: return 400;
    case ErrorKind::kUnsupported: return 404;
    default: return 503;
  }
}

// One database server; nothing of the exporter itself, which is another target.
WebResponse MysqlMetrics(Service& service, const WebRequest& request) {
  const auto targets = QueryValues(request, "target");
  if (targets.size() > 1) return {.status = 400, .body = "give one target only\n"};
  const CollectorFilter filter{QueryValues(request, "collect[]"),
                               QueryValues(request, "exclude[]")};
  const auto deadline =
      Deadline::After(ScrapeTime(request.Header("X-Prometheus-Scrape-Timeout-Seconds")));
  const auto views = service.ScrapeMysql(targets.empty() ? "" : targets.front(), filter, deadline);
  if (!views) return Refusal(StatusOf(views.error().kind), views.error());
  const ExpositionFormat format = NegotiateFormat(request.Header("Accept"));
  const bool open_metrics = format == ExpositionFormat::kOpenMetrics;
  return Answer(request, *views, open_metrics ? "# EOF\n" : "", format);
}

WebResponse Ready(Service& service) {
  if (service.Ready()) return {.body = "Ready.\n"};
  return {.status = 503, .body = "Some collectors have not had their first run yet.\n"};
}

WebResponse Reload(Service& service) {
  const Status status = service.Reload();
  if (!status) return Refusal(500, status.error());
  return {.body = "Reloaded.\n"};
}

}  // namespace

std::vector<WebRoute> MakeRoutes(Service& service, const std::string& telemetry_path) {
  return {
      {telemetry_path, {"GET"}, [&](const WebRequest& r) { return Metrics(service, r); }},
      {telemetry_path + "/mysql",
       {"GET"},
       [&](const WebRequest& r) { return MysqlMetrics(service, r); }},
      {"/",
       {"GET"},
       [&service, telemetry_path](const WebRequest&) {
         return WebResponse{.content_type = "text/html; charset=utf-8",
                            .body = StatusPage(service, telemetry_path)};
       }},
      {"/-/healthy", {"GET"}, [](const WebRequest&) { return WebResponse{.body = "Healthy.\n"}; }},
      {"/-/ready", {"GET"}, [&](const WebRequest&) { return Ready(service); }},
      {"/-/reload", {"POST"}, [&](const WebRequest&) { return Reload(service); }},
  };
}

std::chrono::milliseconds ScrapeTime(std::string_view header) {
  constexpr double kDefault = 10;
  constexpr double kLongest = 300;
  constexpr double kReserve = 0.5;
  const double given = ParseNumber<double>(Trim(header)).value_or(kDefault);
  const double seconds = given > 0 && given <= kLongest ? given : kDefault;
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(1000 * (seconds - std::min(kReserve, seconds / 2))));
}

}  // namespace erpnext
