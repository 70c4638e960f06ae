// SPDX-License-Identifier: Apache-2.0
// Signals, systemd, and the order of starting and stopping.
#include "exporter/serve.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "exporter/endpoints.h"
#include "exporter/service.h"
#include "exporter/web_server.h"

namespace erpnext {
namespace {

// Together less than the five seconds within which SIGTERM ends the process.
constexpr std::chrono::milliseconds kFirstLook{1000};
constexpr std::chrono::milliseconds kStopWeb{1500};
constexpr std::chrono::milliseconds kStopCollectors{2000};

sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, number);
  return set;
}

// Zero when systemd wants no sign of life.
std::chrono::microseconds WatchdogInterval() {
  std::uint64_t usec = 0;
  return std::chrono::microseconds(sd_watchdog_enabled(0, &usec) > 0 ? usec / 2 : 0);
}

// The next signal; 0 when the watchdog wants to hear from us first.
int WaitForSignal(const sigset_t& set, std::chrono::microseconds watchdog) {
  for (;;) {
    int number = 0;
    if (watchdog.count() == 0) {
      number = sigwaitinfo(&set, nullptr);
    } else {
      const timespec wait{.tv_sec = watchdog.count() / 1'000'000,
                          .tv_nsec = watchdog.count() % 1'000'000 * 1000};
      number = sigtimedwait(&set, nullptr, &wait);
      if (number < 0 && errno == EAGAIN) return 0;
    }
    if (number > 0) return number;
  }
}

void ReloadForSystemd(Service& service) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
  // A failure is logged, and is in the metrics.
  service.ReloadInBackground([] { sd_notify(0, "READY=1"); });
}

bool ListenOnAll(const Settings& settings, WebServer& web, Log& log) {
  for (const std::string& address : settings.listen_addresses) {
    const auto bound = web.Listen(address);
    if (!bound) {
      log.Error("cannot listen", {{"address", address}, {"error", bound.error().message}});
      return false;
    }
    log.Info("listening", {{"address", *bound}});
  }
  return true;
}

}  // namespace

void PrepareProcess() {
  // By default the C library, once it has freed a large block, keeps as much for ever: what one
  // hostile answer of megabytes took would never be given back. And a heap for each of many
  // threads, which do little, costs a third of the memory.
  // NOLINTBEGIN(concurrency-mt-unsafe): there are no threads yet
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  mallopt(M_ARENA_MAX, 2);
  // NOLINTEND(concurrency-mt-unsafe)
  signal(SIGPIPE, SIG_IGN);          // hiredis and OpenSSL use write()
#if !defined(ERPNEXT_EXPORTER_ASAN)  // whose leak check traces the process
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

int Serve(const CommandLine& command_line, const Settings& settings, Log& log) {
  // Before any thread is started: signals then come to this one only.
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  log.Info("starting", {{"version", VersionText()}});
  Service service(command_line, settings, log);
  WebServer web(MakeRoutes(service, settings.telemetry_path));
  if (!ListenOnAll(settings, web, log)) return 1;
  service.Start(Deadline::After(kFirstLook));
  web.Start();
  sd_notify(0, "READY=1");

  const auto watchdog = WatchdogInterval();
  for (;;) {
    const int number = WaitForSignal(signals, watchdog);
    if (number == 0) {
      sd_notify(0, "WATCHDOG=1");
    } else if (number == SIGHUP) {
      ReloadForSystemd(service);
    } else {
      break;
    }
  }
  sd_notify(0, "STOPPING=1");
  log.Info("stopping");
  web.Stop(Deadline::After(kStopWeb));
  if (!service.Stop(Deadline::After(kStopCollectors))) {
    // A thread that hangs still uses what destructors would take from it.
    log.Warning("a collector or a reload did not return and is left behind");
    std::_Exit(0);
  }
  return 0;
}

}  // namespace erpnext
