// SPDX-License-Identifier: Apache-2.0
// Builds engines from settings and changes them over.
#include "exporter/service.h"

#include <algorithm>

#include "collectors/all_collectors.h"

namespace erpnext {
namespace {

// A collector that hangs must not hold a reload for long; it keeps only its own thread.
constexpr std::chrono::milliseconds kStopTime{2000};
constexpr std::chrono::milliseconds kFirstRunTime{5000};

}  // namespace

bool IsEnabled(const CollectorEntry& entry, const Settings& settings) {
  if (entry.required) return true;
  const auto set = settings.collectors.find(entry.name);
  const bool wanted = set != settings.collectors.end() ? set->second : entry.enabled_by_default;
  return wanted &&
         std::any_of(entry.families.begin(), entry.families.end(), [&](const Family* family) {
           return Includes(settings.tiers, family->tier());
         });
}

CollectorContext MakeContext(const Settings& settings) {
  CollectorContext context;
  context.settings = settings.collect;
  context.state = std::make_shared<StateStore>(settings.state_folder);
  return context;
}

std::vector<Engine::Part> MakeParts(const Settings& settings, const CollectorContext& context) {
  std::vector<Engine::Part> parts;
  for (const CollectorEntry* entry : AllCollectors()) {
    if (!IsEnabled(*entry, settings)) continue;
    Engine::Part part;
    part.options.name = entry->name;
    part.options.interval = entry->interval;
    part.options.timeout = entry->timeout;
    part.options.families.assign(entry->families.begin(), entry->families.end());
    part.options.limits.series_per_family = settings.series_per_family;
    part.options.limits.tiers = settings.tiers;
    part.required = entry->required;
    part.collector = entry->make(context);
    parts.push_back(std::move(part));
  }
  return parts;
}

Service::Service(CommandLine command_line, Settings settings, Log& log)
    : command_line_(std::move(command_line)),
      log_(log),
      settings_(std::move(settings)),
      context_(MakeContext(settings_)),
      engine_(MakeEngine(settings_, context_)) {
  state_.success_unix = UnixSeconds(context_.clock->Wall());
}

std::unique_ptr<Engine> Service::MakeEngine(const Settings& settings,
                                            const CollectorContext& context) {
  const StateChange log_change = [this](const std::string& collector, const Status& status) {
    if (status) {
      log_.Info("collector works again", {{"collector", collector}});
    } else {
      log_.Warning("collector fails", {{"collector", collector},
                                       {"kind", ErrorKindName(status.error().kind)},
                                       {"error", status.error().message}});
    }
  };
  return std::make_unique<Engine>(MakeParts(settings, context), stats_, *context.clock, log_change);
}

void Service::Start(Deadline deadline) {
  const std::shared_lock lock(engine_mutex_);
  engine_->Start(deadline);
}

Status Service::Check(const CollectorFilter& filter) {
  const std::shared_lock lock(engine_mutex_);
  return engine_->Check(filter);
}

Result<std::vector<CollectorView>> Service::Scrape(const CollectorFilter& filter,
                                                   Deadline deadline) {
  const std::shared_lock lock(engine_mutex_, deadline.at());
  if (!lock.owns_lock()) {
    return Fail(ErrorKind::kTimeout, "a reload of the configuration takes longer than this scrape");
  }
  return engine_->Scrape(filter, deadline);
}

std::vector<CollectorView> Service::Views() {
  const std::shared_lock lock(engine_mutex_);
  return engine_->Views();
}

bool Service::Ready() {
  const std::shared_lock lock(engine_mutex_);
  return engine_->Ready();
}

Status Service::Reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  std::vector<std::string> tolerated;
  Result<Settings> settings = LoadSettings(command_line_, tolerated);
  if (!settings) {
    log_.Error("configuration not reloaded, the old one stays",
               {{"error", settings.error().message}});
    const std::lock_guard lock(state_mutex_);
    state_.successful = false;
    return Fail(settings.error());
  }
  for (const std::string& mistake : tolerated) log_.Error("left out", {{"mistake", mistake}});
  WarnOfRestart(*settings);
  CollectorContext context = MakeContext(*settings);
  context.inventory = context_.inventory;
  // States that live in memory only go over; those in a folder are read from there.
  if (settings->state_folder == settings_.state_folder) context.state = context_.state;
  std::unique_ptr<Engine> engine = MakeEngine(*settings, context);
  log_.Configure(settings->log_level, settings->log_format);
  {
    // The old one ends first: two of them would count the same log lines.
    const std::unique_lock lock(engine_mutex_);
    engine_->Stop(Deadline::After(kStopTime));
    engine_ = std::move(engine);
    settings_ = std::move(*settings);
    context_ = std::move(context);
    engine_->Start(Deadline::After(kFirstRunTime));
    engine_->RunAll({}, Deadline::After(kFirstRunTime));
  }
  log_.Info("configuration reloaded");
  const std::lock_guard lock(state_mutex_);
  state_ = {true, UnixSeconds(context_.clock->Wall())};
  return {};
}

void Service::WarnOfRestart(const Settings& settings) {
  if (settings.listen_addresses != settings_.listen_addresses ||
      settings.telemetry_path != settings_.telemetry_path) {
    log_.Warning("web.listen-address and web.telemetry-path change with a restart only");
  }
}

ReloadState Service::reload_state() {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

std::shared_ptr<const Inventory> Service::inventory() {
  const std::shared_lock lock(engine_mutex_);
  return context_.inventory->Current();
}

bool Service::Stop(Deadline deadline) {
  const std::shared_lock lock(engine_mutex_);
  return engine_->Stop(deadline);
}

}  // namespace erpnext
