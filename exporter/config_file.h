// SPDX-License-Identifier: Apache-2.0
// The configuration file: YAML whose keys are the names of the options, and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "exporter/settings.h"

namespace erpnext {

// What is wrong with a file, each as "file:line:column: what".
struct ConfigMistakes {
  std::vector<std::string> fatal;
  std::vector<std::string> tolerated;  // the rest of the file is used all the same

  bool empty() const { return fatal.empty() && tolerated.empty(); }
};

// Applies the text of a file to `settings`. Keys may be dotted ("log.level: info") or nested
// ("log: {level: info}"). Unknown and duplicate keys, values of another type, more than one
// document: each is a mistake, and all of them are found in one go. With a fatal one `settings` is
// only partly filled and of no use. Never throws. `name` is how the messages call the file.
ConfigMistakes ApplyConfig(std::string_view text, const std::string& name, Settings& settings);

// The same from a file of at most 1 MiB. The error is that of reading it.
Result<ConfigMistakes> ApplyConfigFile(const std::string& path, Settings& settings);

}  // namespace erpnext
