// SPDX-License-Identifier: Apache-2.0
// How RQ names its keys and writes its times. Facts of RQ 1.8 to 2.6.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sources/bench.h"

namespace erpnext {

inline constexpr std::string_view kRqQueuePrefix = "rq:queue:";
inline constexpr std::string_view kRqWorkerPrefix = "rq:worker:";

// Seconds since 1970 of "2026-11-24T02:13:23.698640Z", with or without the fraction. Nothing for
// the empty text, which RQ writes for "not yet", and for any other form.
std::optional<double> ParseRqTime(std::string_view text);

// What Frappe puts before the names of a bench's queues: "<bench id>:" since version 14, nothing in
// version 13. An unknown version is taken for a new one.
std::string RqNamePrefix(const Bench& bench);

// The queue as Frappe calls it ("short") for the name that RQ knows ("home-frappe-bench:short");
// nothing when the queue belongs to another bench.
std::optional<std::string_view> FrappeQueueName(std::string_view rq_name, std::string_view prefix);

// RQ 2 keeps "<job>:<execution>" in the registry of started jobs, the latter 32 hexadecimal digits.
// The id without it; nothing when it does not look so. RQ 1 keeps ids alone, of any form, so who
// asks for a job must be ready to find it under either.
std::optional<std::string> RqJobOfExecution(std::string_view member);

}  // namespace erpnext
