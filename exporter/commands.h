// SPDX-License-Identifier: Apache-2.0
// The commands that print something and end.
#pragma once

#include <string>

#include "exporter/command_line.h"
#include "exporter/settings.h"

namespace erpnext {

// Each writes to stdout and stderr and returns the exit code.

// The exposition text of one run of all enabled collectors, or of those named: 0; 3 when one of
// them failed, with its error on stderr; 2 for an unknown name.
int RunOnce(const CommandLine& command_line, const Settings& settings);

// What is wrong now, the worst first, and the queues; coloured on a terminal. 0 when all is well, 1
// for warnings, 2 when something is critical, 3 when nothing could be judged: no bench, no such
// site.
int RunDoctor(const CommandLine& command_line, const Settings& settings);

// The last twenty deadlocks that the servers tell of, the last one last, and on stderr what keeps
// us from knowing more: 0; 3 when no server answered.
int RunDeadlocks(const CommandLine& command_line, const Settings& settings);

// Who waits for whom in the servers now, as a tree, and on stderr what keeps us from knowing more:
// 0; 3 when no server answered.
int RunLocks(const CommandLine& command_line, const Settings& settings);

// Which indexes the tables of sites lack and which could go, what is worth most first, with
// evidence and what to do; on stderr what keeps it from more: 0, 3 when the indexes of no site
// could be read.
int RunIndexes(const CommandLine& command_line, const Settings& settings);

// What was found, what is missing and what would open it: 0.
int RunDiscover(const CommandLine& command_line, const Settings& settings);

int RunGrants(const Settings& settings);  // 0

// All mistakes of a file on stdout: 0 when there are none, 1 else.
int RunCheckConfig(const CommandLine& command_line);

// The declarations of all families: 0.
int RunMetrics(const CommandLine& command_line);

}  // namespace erpnext
