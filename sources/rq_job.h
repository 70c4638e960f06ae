// SPDX-License-Identifier: Apache-2.0
// What the id and the description of a job tell, which are text: its pickled data is never opened.
#pragma once

#include <optional>
#include <string_view>

namespace erpnext {

// What stands before the first "::" (Frappe 14.36 to 15) or "||" (16) of a job's id: the site, if
// it is the name of one. Nothing when there is neither, as in ids of version 13.
std::optional<std::string_view> SiteOfJobId(std::string_view id);

// Of "frappe.utils.background_jobs.execute_job(..., method='a.b', site='erp.example.com', ...)",
// as RQ describes a job. Values before these two may hold text of users, so the last ones count.
// Nothing when it is not there, or when RQ cut it short after 75 characters.
std::optional<std::string_view> SiteOfDescription(std::string_view description);

// The dotted path of the function that a job runs: from the id of a scheduled job (Frappe 15), else
// from its description. Nothing when neither tells a name that could be Python's.
std::optional<std::string_view> MethodOfJob(std::string_view id, std::string_view description);

}  // namespace erpnext
