// SPDX-License-Identifier: Apache-2.0
// What the web server answers: metrics, status page, health, reload.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "exporter/service.h"
#include "exporter/web_server.h"

namespace erpnext {

// The routes refer to `service`, which must outlive the server.
std::vector<WebRoute> MakeRoutes(Service& service, const std::string& telemetry_path);

// How long a scrape may take by Prometheus' header X-Prometheus-Scrape-Timeout-Seconds: half a
// second less, so that the answer is there in time. Ten seconds, Prometheus' default, when the
// header is missing or no number between 0 and 300.
std::chrono::milliseconds ScrapeTime(std::string_view header);

}  // namespace erpnext
