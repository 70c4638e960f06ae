// SPDX-License-Identifier: Apache-2.0
// How far logs were read, as it is kept in the state folder.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "sources/log_folder.h"

namespace erpnext {

nlohmann::json PositionsToJson(const std::vector<LogPosition>& positions);

// Throws json::exception when it is not what PositionsToJson wrote.
std::vector<LogPosition> PositionsFromJson(const nlohmann::json& positions);

}  // namespace erpnext
