// SPDX-License-Identifier: Apache-2.0
// The daemon: starts, serves, reloads on SIGHUP, ends on SIGTERM.
#pragma once

#include "exporter/command_line.h"
#include "exporter/log.h"
#include "exporter/settings.h"

namespace erpnext {

// Returns the exit code: 0 after SIGTERM or SIGINT, 1 when it could not start. Tells systemd, if
// that started it, when it is ready, reloads and stops, and that it is alive.
int Serve(const CommandLine& command_line, const Settings& settings, Log& log);

// To be called before any thread is started: memory that is freed goes back, a closed connection is
// no signal, and secrets in memory go into no core dump.
void PrepareProcess();

}  // namespace erpnext
