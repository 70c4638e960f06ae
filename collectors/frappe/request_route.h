// SPDX-License-Identifier: Apache-2.0
// What kind of request a path is.
#pragma once

#include <string_view>

namespace erpnext {

// One of a few words, however many paths a site has:
//   ping      /api/method/ping, which monitors call
//   login     /login, /api/method/login, /api/method/logout
//   report    /api/method/frappe.desk.query_report.*: reports that run in the web server
//   print     /printview and methods that make a PDF
//   method    the other methods under /api: what the desk and integrations call
//   resource  /api/resource, and what version 2 of the API calls document and doctype
//   desk      /app, /desk
//   file      /files, /private/files, /backups, /assets, where no web server in front serves them
//   website   every other path: portal and web pages
//   other     paths under /api that Frappe does not know, and what is no path
std::string_view RequestRoute(std::string_view path);

}  // namespace erpnext
