// SPDX-License-Identifier: Apache-2.0
// Values of options: from text and to text. The same in files and on the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/sample_sink.h"
#include "exporter/log.h"
#include "sources/channel.h"
#include "sources/table_setting.h"

namespace erpnext {

// Malformed, with what is expected, when the text is no such value; then `out` is unchanged.
Status ParseSetting(const std::string& text, std::string& out);
Status ParseSetting(const std::string& text, bool& out);  // true, false
Status ParseSetting(const std::string& text, int& out);   // 1 and more
Status ParseSetting(const std::string& text, std::size_t& out);
Status ParseSetting(const std::string& text, std::chrono::milliseconds& out);  // 500ms, 15s, 5m, 1h
Status ParseSetting(const std::string& text, Address& out);  // HOST:PORT, [::1]:PORT, unix:PATH
Status ParseSetting(const std::string& text, TableSetting& out);  // DATABASE.TABLE
Status ParseSetting(const std::string& text, LogLevel& out);
Status ParseSetting(const std::string& text, LogFormat& out);
Status ParseSetting(const std::string& text, NameTiers& out);  // on, off, only

std::string ShowSetting(const std::string& value);
std::string ShowSetting(bool value);
std::string ShowSetting(int value);
std::string ShowSetting(std::size_t value);
std::string ShowSetting(std::chrono::milliseconds value);
std::string ShowSetting(const Address& value);
std::string ShowSetting(const TableSetting& value);
std::string ShowSetting(LogLevel value);
std::string ShowSetting(LogFormat value);
std::string ShowSetting(NameTiers value);
std::string ShowSetting(const std::vector<std::string>& values);

}  // namespace erpnext
