// SPDX-License-Identifier: Apache-2.0
// Which form of /metrics a client asks for (RFC 9110, section 12.5).
#pragma once

#include <string_view>

#include "exporter/exposition.h"

namespace erpnext {

// The form that the value of an Accept header prefers. Text when it is empty, when it fits neither
// form and when it makes no difference: every scraper reads text.
ExpositionFormat NegotiateFormat(std::string_view accept);

// True when the value of an Accept-Encoding header allows gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace erpnext
