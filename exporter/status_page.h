// SPDX-License-Identifier: Apache-2.0
// The page for people at "/".
#pragma once

#include <string>
#include <string_view>

#include "exporter/service.h"

namespace erpnext {

// HTML without scripts: what was found, state, age and last error of each collector, links.
std::string StatusPage(Service& service, std::string_view telemetry_path);

// Text as it may stand in an element or a quoted attribute.
std::string EscapeHtml(std::string_view text);

}  // namespace erpnext
