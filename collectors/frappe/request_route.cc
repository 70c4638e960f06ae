// SPDX-License-Identifier: Apache-2.0
// Paths of Frappe 13 to 16: frappe/app.py, frappe/api, frappe/utils/print_format.py.
#include "collectors/frappe/request_route.h"

namespace erpnext {
namespace {

// Cuts "/word" off; the next letter must not belong to another word.
bool CutSegment(std::string_view& path, std::string_view word) {
  if (!path.starts_with('/') || path.substr(1, word.size()) != word) return false;
  if (path.size() > word.size() + 1 && path[word.size() + 1] != '/') return false;
  path.remove_prefix(word.size() + 1);
  return true;
}

bool HasSegment(std::string_view path, std::string_view word) { return CutSegment(path, word); }

// "frappe.utils.print_format.download_multi_pdf", "frappe.utils.weasyprint.download_pdf".
bool MakesPdf(std::string_view method) {
  const std::string_view name = method.substr(method.rfind('.') + 1);
  return name.starts_with("download_") && name.find("pdf") != std::string_view::npos;
}

std::string_view MethodRoute(std::string_view path) {
  if (!path.starts_with('/')) return "other";  // /api/method alone
  const std::string_view method = path.substr(1);
  if (method == "ping" || method == "frappe.ping") return "ping";
  if (method == "login" || method == "logout") return "login";
  if (method.starts_with("frappe.desk.query_report.")) return "report";
  return MakesPdf(method) ? "print" : "method";
}

std::string_view ApiRoute(std::string_view path) {
  if (!CutSegment(path, "v1")) CutSegment(path, "v2");
  if (CutSegment(path, "method")) return MethodRoute(path);
  for (const std::string_view word : {"resource", "document", "doctype"}) {
    if (HasSegment(path, word)) return "resource";
  }
  return "other";
}

}  // namespace

std::string_view RequestRoute(std::string_view path) {
  if (!path.starts_with('/')) return "other";
  if (CutSegment(path, "api")) return ApiRoute(path);
  if (path == "/login") return "login";
  if (path == "/printview") return "print";
  const auto is = [path](std::string_view word) { return HasSegment(path, word); };
  if (is("app") || is("desk")) return "desk";
  if (is("files") || is("assets") || is("backups") || path.starts_with("/private/files/")) {
    return "file";
  }
  return "website";
}

}  // namespace erpnext
