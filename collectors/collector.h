// SPDX-License-Identifier: Apache-2.0
// The interface of a collector, and the entry by which the table of collectors names it.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/deadline.h"
#include "core/family.h"
#include "core/result.h"
#include "core/sample_sink.h"
#include "sources/site_table.h"

namespace erpnext {

struct CollectorContext;
struct CollectorSettings;

// Built once from a context, then called by one thread at a time, which belongs to it alone: it
// may block until the deadline. It adds samples only to families it declared. A part that fails
// does not take the rest with it: add what is there, return the error of what is not. It does not
// log, does not sleep, starts no threads that outlive the call, and keeps between calls only
// connections, caches and counters that the source cannot give.
class Collector {
 public:
  virtual ~Collector() = default;

  [[nodiscard]] virtual Status Collect(Deadline deadline, SampleSink& sink) = 0;
};

struct CollectorEntry {
  std::string_view name;            // "queues": name of the flag, of the label `collector`, in logs
  std::string_view summary;         // one line for --help and the documentation
  std::string_view access;          // what it must be allowed to read
  std::string_view redis_commands;  // those it sends, in lower case, separated by blanks
  std::string_view mariadb_privileges;  // global ones beyond a login, as GRANT takes them
  std::string_view mariadb_tables;      // of the server itself, those it selects from
  // One more, which the settings name, quoted; empty when there is none.
  std::string (*mariadb_setting_table)(const CollectorSettings&) = nullptr;
  std::span<const SiteTable> site_tables;  // of each site's database
  bool enabled_by_default = true;
  bool required = false;                 // cannot be switched off: others stand on it
  std::chrono::milliseconds interval{};  // zero: collected when somebody scrapes
  std::chrono::milliseconds timeout{};   // of one run; a scrape waits no longer for it
  std::span<const Family* const> families;
  std::unique_ptr<Collector> (*make)(const CollectorContext&) = nullptr;

  constexpr bool paced() const { return interval.count() != 0; }
};

}  // namespace erpnext
