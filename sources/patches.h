// SPDX-License-Identifier: Apache-2.0
// Which patches an app has, and which of them a site has not run.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace erpnext {

// The lines of an app's patches.txt that are patches, as frappe/modules/patch_handler.py reads
// them: with the sections [pre_model_sync] and [post_model_sync] since Frappe 14, or without any.
std::vector<std::string> ParsePatches(std::string_view text);

// The names in a JSON list of texts, such as the default installed_apps; empty for anything else.
std::vector<std::string> ParseAppNames(std::string_view json);

// How many of the patches are not among those run. Both without blanks around them.
std::size_t CountPending(const std::vector<std::string>& patches,
                         const std::set<std::string, std::less<>>& run);

}  // namespace erpnext
