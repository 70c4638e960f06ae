// SPDX-License-Identifier: Apache-2.0
// Asks runners, waits for them no longer than the deadline, takes what they have.
#include "exporter/engine.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace erpnext {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Engine::Engine(std::vector<Part> parts, StatsRegistry& stats, const Clock& clock,
               const StateChange& on_change) {
  for (Part& part : parts) {
    const std::string name = part.options.name;
    const bool paced = part.options.interval.count() != 0;
    entries_.push_back({name, paced, part.required,
                        std::make_shared<Runner>(std::move(part.options), std::move(part.collector),
                                                 stats.For(name), clock, on_change)});
  }
}

Engine::~Engine() { Stop(Deadline::After(std::chrono::milliseconds(500))); }

void Engine::Start(Deadline deadline) {
  std::vector<const Entry*> required;
  for (const Entry& entry : entries_) {
    if (!entry.required) continue;
    entry.runner->Start();
    required.push_back(&entry);
  }
  Gather(required, Ask::kEverybody, deadline);
  for (const Entry& entry : entries_) {
    if (!entry.required) entry.runner->Start();
  }
}

Status Engine::Check(const CollectorFilter& filter) const {
  std::vector<std::string> known;
  known.reserve(entries_.size());
  for (const Entry& entry : entries_) known.push_back(entry.name);
  for (const auto* names : {&filter.collect, &filter.exclude}) {
    for (const std::string& name : *names) {
      if (!Contains(known, name)) {
        return Fail(ErrorKind::kMalformed, "no enabled collector of that name; enabled are: {}",
                    fmt::join(known, ", "));
      }
    }
  }
  return {};
}

std::vector<const Engine::Entry*> Engine::Select(const CollectorFilter& filter) const {
  std::vector<const Entry*> selected;
  for (const Entry& entry : entries_) {
    const bool wanted = filter.collect.empty() || Contains(filter.collect, entry.name);
    if (wanted && !Contains(filter.exclude, entry.name)) selected.push_back(&entry);
  }
  return selected;
}

std::vector<CollectorView> Engine::Gather(const std::vector<const Entry*>& entries, Ask ask,
                                          Deadline deadline) {
  std::vector<std::optional<Runner::Ticket>> tickets(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (ask == Ask::kEverybody || !entries[i]->paced) {
      tickets[i] = entries[i]->runner->Request(deadline);
    }
  }
  std::vector<CollectorView> views;
  views.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (tickets[i]) entries[i]->runner->Wait(*tickets[i], deadline);
    views.push_back(entries[i]->runner->View(tickets[i]));
  }
  return views;
}

std::vector<CollectorView> Engine::Scrape(const CollectorFilter& filter, Deadline deadline) {
  return Gather(Select(filter), Ask::kOnScrape, deadline);
}

std::vector<CollectorView> Engine::RunAll(const CollectorFilter& filter, Deadline deadline) {
  return Gather(Select(filter), Ask::kEverybody, deadline);
}

std::vector<CollectorView> Engine::Views() {
  std::vector<CollectorView> views;
  views.reserve(entries_.size());
  for (const Entry& entry : entries_) views.push_back(entry.runner->View());
  return views;
}

bool Engine::Ready() {
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    const CollectorView view = entry.runner->View();
    return !entry.paced || view.success.has_value();
  });
}

bool Engine::Stop(Deadline deadline) {
  for (const Entry& entry : entries_) entry.runner->RequestStop();
  bool all_ended = true;
  for (const Entry& entry : entries_) all_ended &= entry.runner->Join(deadline);
  return all_ended;
}

}  // namespace erpnext
