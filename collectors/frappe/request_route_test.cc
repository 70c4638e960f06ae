// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/request_route.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace erpnext {
namespace {

TEST(RequestRoute, KnowsThePathsOfFrappe) {
  const std::map<std::string, std::vector<std::string>> paths = {
      {"ping", {"/api/method/ping", "/api/method/frappe.ping", "/api/v2/method/ping"}},
      {"login", {"/login", "/api/method/login", "/api/method/logout", "/api/v1/method/login"}},
      {"report", {"/api/method/frappe.desk.query_report.run"}},
      {"print",
       {"/printview", "/api/method/frappe.utils.print_format.download_pdf",
        "/api/method/frappe.utils.print_format.download_multi_pdf",
        "/api/method/frappe.utils.weasyprint.download_pdf"}},
      {"method",
       {"/api/method/frappe.desk.form.save.savedocs", "/api/method/pinged", "/api/method/pdf",
        "/api/method/frappe.desk.query_reports"}},
      {"resource",
       {"/api/resource/Sales Invoice", "/api/resource", "/api/v1/resource/Item/1",
        "/api/v2/document/ToDo/1", "/api/v2/doctype/ToDo/meta"}},
      {"desk", {"/app", "/app/sales-invoice", "/desk", "/desk/user"}},
      {"file",
       {"/files/logo.png", "/private/files/a.pdf", "/assets/frappe/js/desk.js",
        "/backups/x.sql.gz"}},
      {"website", {"/", "/about", "/apps", "/application", "/me", "/logins", "/private"}},
      {"other", {"", "ping", "http://evil.example.com/", "/api", "/api/", "/api/method", "/api/x"}},
  };
  for (const auto& [route, examples] : paths) {
    for (const std::string& path : examples) EXPECT_EQ(route, RequestRoute(path)) << path;
  }
}

}  // namespace
}  // namespace erpnext
