// SPDX-License-Identifier: Apache-2.0
// A log that grows in pieces: each complete line is given once and in order, wherever it was cut.
#include <fuzzer/FuzzedDataProvider.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/testing/temp_folder.h"
#include "sources/log_folder.h"
#include "tests/fuzz/fuzz.h"

using erpnext::Deadline;
using erpnext::LogFolder;
using erpnext::fuzz::Require;

namespace {

std::vector<std::string> CompleteLines(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const erpnext::TempFolder folder;
  FuzzedDataProvider provider(data, size);
  const std::string name = provider.ConsumeRandomLengthString(20);
  if (const auto parsed = erpnext::ParseLogName(name)) {
    Require(name.starts_with(parsed->log), "rotation changes only the end of the name");
    Require(parsed->log.ends_with(".log") && parsed->log.size() > 4, "it is a log");
  }

  const std::string path = folder.path() + "/worker.log";
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  LogFolder reader(folder.path(), std::vector<erpnext::LogPosition>());
  std::vector<std::string> found;
  std::string written;
  while (provider.remaining_bytes() > 0) {
    const std::string piece = provider.ConsumeRandomLengthString(1000);
    written += piece;
    file << piece << std::flush;
    const auto status =
        reader.Poll(Deadline::After(std::chrono::seconds(10)),
                    [&](std::string_view, std::string_view line) { found.emplace_back(line); });
    Require(status.has_value(), "the folder can be read");
    if (provider.ConsumeBool()) reader = LogFolder(folder.path(), reader.Positions());  // a restart
  }
  Require(found == CompleteLines(written), "each complete line once and in order");
  return 0;
}
