// SPDX-License-Identifier: Apache-2.0
// The documents that are generated from declarations: metrics and configuration keys.
#pragma once

#include <string>

namespace erpnext {

// docs/metrics.md: every declared family, by collector.
std::string MetricsMarkdown();

// The same for programs: an array of objects with name, open (the name is a beginning), type,
// tier, unit, labels, help, collector, source.
std::string MetricsJson();

// docs/configuration.md: every option, with its default.
std::string ConfigurationReference();

}  // namespace erpnext
