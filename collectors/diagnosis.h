// SPDX-License-Identifier: Apache-2.0
// What the figures of one collection mean for whoever has to act now.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace erpnext {

// In the words of Nagios, which are also those of its exit codes.
enum class Severity : std::uint8_t { kOk, kWarning, kCritical };

struct Finding {
  Severity severity = Severity::kOk;
  std::string site;  // empty when it is not about one site alone
  std::string text;  // one line; holds bytes that others chose
};

struct Diagnosis {
  std::vector<Finding> findings;                 // the worst first; empty when all is well
  std::vector<std::vector<std::string>> queues;  // a table: bench, queue, figures; its head first
};

// Pure. `families` are those of all collectors that ran, each once; what is not there is not
// judged. The limits are those at which the alerts begin, without the time they wait.
Diagnosis Diagnose(std::span<const prometheus::MetricFamily> families);

}  // namespace erpnext
