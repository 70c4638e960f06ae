// SPDX-License-Identifier: Apache-2.0
// The table of options: what sets the settings, on the command line and in the file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "exporter/settings.h"

namespace erpnext {

// One option: "--name=VALUE" on the command line, a key of the same name in the configuration file.
struct Option {
  std::string name;        // "web.listen-address"
  std::string value_name;  // "ADDRESS"; empty for a flag
  std::string help;
  bool repeatable = false;
  // Not empty: a list of records with these fields, which only a file can hold.
  std::vector<std::string> fields;
  // A mistake in a record is reported, but the rest of the configuration is used.
  bool tolerant = false;

  // Malformed when a value cannot be used; the message does not repeat the name. `values` has one
  // element unless the option is repeatable, where it replaces the whole list.
  std::function<Status(Settings&, const std::vector<std::string>& values)> apply;
  // Of the defaults, as text; empty when there is none.
  std::function<std::string(const Settings&)> show;
  // For records: adds one.
  std::function<Status(Settings&, const std::map<std::string, std::string>& record)> add_record;

  bool is_flag() const { return value_name.empty() && fields.empty(); }
  bool file_only() const { return !fields.empty(); }
};

// In the order of --help and of the documentation.
const std::vector<Option>& AllOptions();

// Nothing when there is no such option.
const Option* FindOption(std::string_view name);

}  // namespace erpnext
