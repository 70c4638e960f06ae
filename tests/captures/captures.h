// SPDX-License-Identifier: Apache-2.0
// Data taken from real benches, and how tests get at it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "core/testing/temp_folder.h"
#include "sources/bench.h"

namespace erpnext {

// The folder of all captures: $ERPNEXT_EXPORTER_CAPTURES, else ../shared/captures beside the
// source tree. Empty when it is not there.
std::filesystem::path CapturesFolder();

// The captured benches, "frappe-v15" and so on, sorted.
std::vector<std::filesystem::path> CapturedBenches();

// Skips the test when there are no captures; with CI=true that is a failure.
#define REQUIRE_CAPTURES()                                                                    \
  if (CapturesFolder().empty()) {                                                             \
    if (IsCi()) FAIL() << "no captures: set ERPNEXT_EXPORTER_CAPTURES to their folder";       \
    GTEST_SKIP() << "no captures: set ERPNEXT_EXPORTER_CAPTURES to their folder to run this"; \
  }
bool IsCi();

std::string ReadBytes(const std::filesystem::path& file);
std::string ReadGzip(const std::filesystem::path& file);
std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& folder);

// One moment of one bench: "frappe-v15/redis/02-busy".
struct Moment {
  std::filesystem::path bench;
  std::string name;

  std::string Resp() const;  // the commands that make the Redis of that moment
  nlohmann::json Truth() const;
};
std::vector<Moment> CapturedMoments();
void PrintTo(const Moment& moment, std::ostream* stream);  // for GoogleTest

// The bench tree of a capture, put together again in `folder`: the configuration files as they
// were, and of the apps the one line that holds the version, at its place.
BenchSetting Rebuild(const std::filesystem::path& captured, const std::string& bench_id,
                     const TempFolder& folder);

}  // namespace erpnext
