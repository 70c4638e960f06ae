// SPDX-License-Identifier: Apache-2.0
// Builds engines from settings and changes them over.
#include "exporter/service.h"

#include <algorithm>
#include <thread>

#include "collectors/all_collectors.h"
#include "exporter/mysql_targets.h"

namespace erpnext {
namespace {

// A collector that hangs must not hold a reload for long; it keeps only its own thread.
constexpr std::chrono::milliseconds kStopTime{2000};
constexpr std::chrono::milliseconds kFirstRunTime{2000};

}  // namespace

Inventory FindBenches(const Settings& settings, Deadline deadline) {
  BenchReader reader(settings.collect.discovery);
  auto inventory = reader.Read(deadline);
  if (inventory) return std::move(*inventory);
  return {.problems = {inventory.error()}};
}

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

Engine::Part MakePart(const CollectorEntry& entry, const Settings& settings,
                      const CollectorContext& context) {
  Engine::Part part;
  part.options.name = entry.name;
  const auto interval = settings.intervals.find(entry.name);
  part.options.interval = interval != settings.intervals.end() ? interval->second : entry.interval;
  part.options.timeout = entry.timeout;
  part.options.families.assign(entry.families.begin(), entry.families.end());
  part.options.limits.series_per_family = settings.series_per_family;
  part.options.limits.tiers = settings.tiers;
  part.required = entry.required;
  part.collector = entry.make(context);
  return part;
}

std::vector<Engine::Part> MakeParts(const Settings& settings, const CollectorContext& context) {
  std::vector<Engine::Part> parts;
  for (const CollectorEntry* entry : AllCollectors()) {
    if (IsEnabled(*entry, settings)) parts.push_back(MakePart(*entry, settings, context));
  }
  return parts;
}

Service::Service(CommandLine command_line, const Settings& settings, Log& log)
    : command_line_(std::move(command_line)),
      log_(log),
      bound_addresses_(settings.listen_addresses),
      bound_path_(settings.telemetry_path),
      running_(MakeRunning(settings)) {
  state_.success_unix = UnixSeconds(SystemClock().Wall());
}

Service::~Service() = default;

std::shared_ptr<Service::Running> Service::MakeRunning(const Settings& settings) {
  auto running = std::make_shared<Running>();
  running->context = MakeContext(settings);
  running->engine = MakeEngine(settings, running->context);
  running->mysql_targets = std::make_unique<MysqlTargets>(settings, running->context, LogChange());
  return running;
}

StateChange Service::LogChange() {
  return [this](const std::string& collector, const Status& status) {
    if (status) {
      log_.Info("collector works again", {{"collector", collector}});
    } else {
      log_.Warning("collector fails", {{"collector", collector},
                                       {"kind", ErrorKindName(status.error().kind)},
                                       {"error", status.error().message}});
    }
  };
}

std::unique_ptr<Engine> Service::MakeEngine(const Settings& settings,
                                            const CollectorContext& context) {
  return std::make_unique<Engine>(MakeParts(settings, context), stats_, *context.clock,
                                  LogChange());
}

std::shared_ptr<Service::Running> Service::Current() {
  const std::lock_guard lock(state_mutex_);
  return running_;
}

void Service::Start(Deadline deadline) { Current()->engine->Start(deadline); }

Status Service::Check(const CollectorFilter& filter) { return Current()->engine->Check(filter); }

Result<std::vector<CollectorView>> Service::Scrape(const CollectorFilter& filter,
                                                   Deadline deadline) {
  const std::shared_lock lock(change_mutex_, deadline.at());
  if (!lock.owns_lock()) {
    return Fail(ErrorKind::kTimeout, "a reload of the configuration takes longer than this scrape");
  }
  return Current()->engine->Scrape(filter, deadline);
}

Result<std::vector<CollectorView>> Service::ScrapeMysql(const std::string& target,
                                                        const CollectorFilter& filter,
                                                        Deadline deadline) {
  const std::shared_lock lock(change_mutex_, deadline.at());
  if (!lock.owns_lock()) {
    return Fail(ErrorKind::kTimeout, "a reload of the configuration takes longer than this scrape");
  }
  return Current()->mysql_targets->Scrape(target, filter, deadline);
}

std::vector<CollectorView> Service::Views() { return Current()->engine->Views(); }

bool Service::Ready() { return Current()->engine->Ready(); }

Status Service::Reload() {
  ++reloads_;
  const Status status = [&]() -> Status {
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
    log_.Configure(settings->log_level, settings->log_format);
    ChangeOver(MakeRunning(*settings));
    log_.Info("configuration reloaded");
    return {};
  }();
  --reloads_;
  return status;
}

// The old collectors end first: two of them would count the same log lines.
void Service::ChangeOver(const std::shared_ptr<Running>& next) {
  const std::unique_lock changing(change_mutex_);
  const std::shared_ptr<Running> old = Current();
  if (!old->engine->Stop(Deadline::After(kStopTime))) left_behind_ = true;
  if (!old->mysql_targets->Stop(Deadline::After(kStopTime))) left_behind_ = true;
  next->context.state->TakeOver(*old->context.state);
  next->context.inventory->Publish(*old->context.inventory->Current());
  next->engine->Start(Deadline::After(kFirstRunTime));
  next->engine->RunAll({}, Deadline::After(kFirstRunTime));
  const std::lock_guard lock(state_mutex_);
  running_ = next;
  state_ = {true, UnixSeconds(next->context.clock->Wall())};
}

void Service::ReloadInBackground(std::function<void()> done) {
  ++reloads_;
  std::thread([this, done = std::move(done)] {
    static_cast<void>(Reload());
    done();
    --reloads_;
  }).detach();
}

void Service::WarnOfRestart(const Settings& settings) const {
  if (settings.listen_addresses != bound_addresses_ || settings.telemetry_path != bound_path_) {
    log_.Warning("web.listen-address and web.telemetry-path change with a restart only");
  }
}

ReloadState Service::reload_state() {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

std::shared_ptr<const Inventory> Service::inventory() {
  return Current()->context.inventory->Current();
}

bool Service::Stop(Deadline deadline) {
  const std::unique_lock changing(change_mutex_, deadline.at());
  if (!changing.owns_lock()) return false;
  bool all_ended = Current()->engine->Stop(deadline);
  all_ended &= Current()->mysql_targets->Stop(deadline);
  return all_ended && !left_behind_ && reloads_ == 0;
}

}  // namespace erpnext
