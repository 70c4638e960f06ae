// SPDX-License-Identifier: Apache-2.0
// The configuration file: every mistake has a place, whatever the bytes.
#include <string>

#include "exporter/config_file.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  erpnext::Settings settings;
  const auto mistakes =
      erpnext::ApplyConfig(erpnext::fuzz::AsText(data, size), "config.yml", settings);
  for (const auto* list : {&mistakes.fatal, &mistakes.tolerated}) {
    for (const std::string& mistake : *list) {
      Require(mistake.starts_with("config.yml:"), "a mistake names file, line and column");
    }
  }
  return 0;
}
