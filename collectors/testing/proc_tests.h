// SPDX-License-Identifier: Apache-2.0
// Tests that hold for every collector that reads a proc folder and nothing else.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "collectors/testing/collect.h"
#include "core/testing/temp_folder.h"

namespace erpnext {

inline constexpr const char* kProcFixture = ERPNEXT_EXPORTER_SOURCE_DIR "/tests/fixtures/proc";

inline Collected CollectFrom(const CollectorEntry& entry, const std::string& proc) {
  CollectorContext context;
  context.settings.proc_path = proc;
  return CollectOnce(entry, context);
}

inline void ExpectFixturePublished(const CollectorEntry& entry) {
  const Collected collected = CollectFrom(entry, kProcFixture);
  EXPECT_TRUE(collected.status);
  ExpectGolden(std::string(entry.name), collected.text);
}

// `bytes` in every file below the proc folder.
inline void ExpectMalformed(const CollectorEntry& entry, std::string_view bytes) {
  TempFolder folder;
  for (const char* file :
       {"stat", "loadavg", "meminfo", "vmstat", "pressure/cpu", "pressure/io", "pressure/memory"}) {
    folder.Write(file, bytes);
  }
  const Collected collected = CollectFrom(entry, folder.path());
  EXPECT_EQ("malformed", collected.Kind());
  EXPECT_EQ("", collected.text);
}

inline constexpr char kJunkBytes[] = "\x00\xFF: 1 kB\n\nsome total=\xFE\ncpu0 x\n";
inline constexpr std::string_view kProcJunk(kJunkBytes, sizeof kJunkBytes - 1);

}  // namespace erpnext
