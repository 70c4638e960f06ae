// SPDX-License-Identifier: Apache-2.0
// Runs collectors in tests, and writes what they gave as plain text.
#pragma once

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.h"
#include "collectors/context.h"

namespace erpnext {

struct Collected {
  Status status;
  std::string text;  // as RenderForTest writes it
  SampleSink::Dropped dropped;

  // The value of the one line that begins with "<series> "; "absent" when there is none.
  std::string Value(std::string_view series) const;
  // The kind of the error, "" after a success.
  std::string_view Kind() const { return status ? "" : ErrorKindName(status.error().kind); }
};

// Lines "# HELP", "# TYPE" and "name{label="value"} number", in the order in which they came. Bytes
// that do not print, quotes and backslashes are escaped.
std::string RenderForTest(const std::vector<prometheus::MetricFamily>& families);

// One run, as the engine makes it. A family or a label that the entry does not declare fails the
// test.
Collected Collect(const CollectorEntry& entry, Collector& collector,
                  Deadline deadline = Deadline::After(std::chrono::seconds(20)));

// One run of a collector made for it.
Collected CollectOnce(const CollectorEntry& entry, const CollectorContext& context);

// Compares with tests/golden/<name>.prom. UPDATE_GOLDEN=1 writes the file instead: read the diff
// before you commit it.
void ExpectGolden(const std::string& name, const std::string& text);

// A bench named so at /home/frappe/<name>, with the configuration `json`, Frappe 15 and no servers.
Bench MakeBench(const std::string& name, std::string_view json = "{}");
// Adds a site; `json` lies over the bench's configuration.
void AddSite(Bench& bench, const std::string& name, std::string_view json = "{}");

// Makes these the inventory of the context.
void Publish(const CollectorContext& context, std::vector<Bench> benches);

}  // namespace erpnext
