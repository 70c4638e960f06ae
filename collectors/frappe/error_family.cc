// SPDX-License-Identifier: Apache-2.0
// Frappe translates its messages, but neither the names of exceptions nor the numbers of MariaDB's
// errors: these alone decide, and of titles only those that Frappe writes in English.
#include "collectors/frappe/error_family.h"

#include <algorithm>
#include <optional>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::string_view kFamilies[] = {
    "deadlock",   "lock_timeout", "timeout", "database", "schema", "validation",
    "permission", "not_found",    "email",   "import",   "redis",  "network",
    "resources",  "code",         "message", "other",    "unread"};

struct Code {
  int number;
  std::string_view family;
};
// Of MariaDB and its client. 1020 is what a deadlock is called under snapshot isolation.
constexpr Code kCodes[] = {
    {1213, "deadlock"},   {1020, "deadlock"},   {1205, "lock_timeout"}, {1969, "timeout"},
    {1054, "schema"},     {1146, "schema"},     {1062, "validation"},   {1406, "validation"},
    {1048, "validation"}, {1451, "validation"}, {1452, "validation"},   {1114, "resources"},
    {1021, "resources"},  {1041, "resources"},  {1044, "permission"},   {1045, "permission"},
    {1142, "permission"}, {1143, "permission"}, {1698, "permission"}};

struct Known {
  std::string_view module;  // begins with this; empty: any
  std::string_view name;    // of the class; empty: any of that module
  std::string_view family;
};
// The first that fits. Classes of frappe.exceptions by the HTTP status they stand for.
constexpr Known kExceptions[] = {{"", "QueryDeadlockError", "deadlock"},
                                 {"", "QueryTimeoutError", "lock_timeout"},
                                 {"", "StatementTimeoutError", "timeout"},
                                 {"", "JobTimeoutException", "timeout"},
                                 {"", "LockTimeoutError", "lock_timeout"},
                                 {"pymysql", "", "database"},
                                 {"MySQLdb", "", "database"},
                                 {"", "OperationalError", "database"},
                                 {"", "InterfaceError", "database"},
                                 {"", "ProgrammingError", "database"},
                                 {"", "TooManyWritesError", "database"},
                                 {"redis", "", "redis"},
                                 {"rq.exceptions", "", "redis"},
                                 {"smtplib", "", "email"},
                                 {"imaplib", "", "email"},
                                 {"poplib", "", "email"},
                                 {"", "OutgoingEmailError", "email"},
                                 {"", "InvalidEmailAddressError", "email"},
                                 {"", "EmailAccountNotFoundError", "email"},
                                 {"requests", "", "network"},
                                 {"urllib3", "", "network"},
                                 {"http.client", "", "network"},
                                 {"ssl", "", "network"},
                                 {"socket", "", "network"},
                                 {"", "ConnectionError", "network"},
                                 {"", "ConnectionRefusedError", "network"},
                                 {"", "ConnectionResetError", "network"},
                                 {"", "BrokenPipeError", "network"},
                                 {"", "URLError", "network"},
                                 {"", "HTTPError", "network"},
                                 {"", "TimeoutError", "timeout"},
                                 {"", "MemoryError", "resources"},
                                 {"", "ImportError", "import"},
                                 {"", "ModuleNotFoundError", "import"},
                                 {"", "AppNotInstalledError", "import"},
                                 {"jinja2", "", "code"},
                                 {"", "PermissionError", "permission"},
                                 {"", "AuthenticationError", "permission"},
                                 {"", "SessionExpired", "permission"},
                                 {"", "CSRFTokenError", "permission"},
                                 {"", "SecurityException", "permission"},
                                 {"", "DoesNotExistError", "not_found"},
                                 {"", "PageDoesNotExistError", "not_found"},
                                 {"", "FileNotFoundError", "not_found"},
                                 {"", "TemplateNotFoundError", "not_found"},
                                 {"", "ValidationError", "validation"},
                                 {"", "MandatoryError", "validation"},
                                 {"", "LinkValidationError", "validation"},
                                 {"", "CancelledLinkError", "validation"},
                                 {"", "LinkExistsError", "validation"},
                                 {"", "UpdateAfterSubmitError", "validation"},
                                 {"", "TimestampMismatchError", "validation"},
                                 {"", "DocumentLockedError", "validation"},
                                 {"", "DocstatusTransitionError", "validation"},
                                 {"", "DuplicateEntryError", "validation"},
                                 {"", "UniqueValidationError", "validation"},
                                 {"", "DataTooLongException", "validation"},
                                 {"", "CharacterLengthExceededError", "validation"},
                                 {"", "InvalidStatusError", "validation"},
                                 {"", "NegativeStockError", "validation"},
                                 {"", "SerialNoError", "validation"},
                                 {"", "StockOverReturnError", "validation"},
                                 {"", "AccountMissingError", "validation"},
                                 {"", "AttributeError", "code"},
                                 {"", "TypeError", "code"},
                                 {"", "ValueError", "code"},
                                 {"", "KeyError", "code"},
                                 {"", "IndexError", "code"},
                                 {"", "LookupError", "code"},
                                 {"", "NameError", "code"},
                                 {"", "UnboundLocalError", "code"},
                                 {"", "SyntaxError", "code"},
                                 {"", "IndentationError", "code"},
                                 {"", "AssertionError", "code"},
                                 {"", "NotImplementedError", "code"},
                                 {"", "RecursionError", "code"},
                                 {"", "RuntimeError", "code"},
                                 {"", "ArithmeticError", "code"},
                                 {"", "ZeroDivisionError", "code"},
                                 {"", "OverflowError", "code"},
                                 {"", "UnicodeDecodeError", "code"},
                                 {"", "UnicodeEncodeError", "code"},
                                 {"", "StopIteration", "code"},
                                 {"json.decoder", "", "code"}};

// Titles of frappe/email; what they are about follows.
constexpr std::string_view kEmailTitles[] = {"EmailAccount.",
                                             "Error while connecting to email account",
                                             "POP: Unable to connect",
                                             "Unable to fetch email",
                                             "Email Queue flushing aborted",
                                             "Failed to send notification email"};

struct Exception {
  std::string_view module, name, message;
};

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "frappe.exceptions.ValidationError: text", "KeyError: 'x'", "MemoryError".
std::optional<Exception> ParseException(std::string_view line) {
  std::size_t end = 0, dot = std::string_view::npos;
  while (end < line.size() && (IsWordCharacter(line[end]) || line[end] == '.')) {
    if (line[end] == '.') dot = end;
    ++end;
  }
  if (end == 0 || (end < line.size() && line[end] != ':')) return std::nullopt;
  Exception exception;
  if (dot != std::string_view::npos) exception.module = line.substr(0, dot);
  exception.name = line.substr(dot == std::string_view::npos ? 0 : dot + 1,
                               end - (dot == std::string_view::npos ? 0 : dot + 1));
  // Classes begin with a capital letter; a word and a colon begin many a message.
  if (exception.name.empty() || exception.name[0] < 'A' || exception.name[0] > 'Z') {
    return std::nullopt;
  }
  exception.message = end < line.size() ? Trim(line.substr(end + 1)) : std::string_view();
  return exception;
}

bool LooksLikeClass(const Exception& exception) {
  return !exception.module.empty() || exception.name.ends_with("Error") ||
         exception.name.ends_with("Exception");
}

// The first line at the margin below the last frame: messages can have several lines, of which the
// last may look the same. Both dialects of Frappe, plain (13) and with variables (14 on), begin a
// frame so. Where no frame is left, the last line that looks like an exception.
std::optional<Exception> ExceptionAtEnd(std::string_view tail) {
  const std::size_t frame = tail.rfind("  File \"");
  const bool framed = frame != std::string_view::npos;
  if (framed) tail.remove_prefix(frame);
  std::optional<Exception> last;
  while (const auto line = NextLine(tail)) {
    if (line->empty() || (*line)[0] == ' ') continue;
    const auto exception = ParseException(*line);
    if (!exception) continue;
    if (framed) return exception;
    if (LooksLikeClass(*exception)) last = exception;
  }
  return last;
}

std::optional<std::string_view> FamilyOfCode(std::string_view message) {
  if (message.empty() || message[0] != '(') return std::nullopt;
  const std::size_t comma = message.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto number = ParseNumber<int>(message.substr(1, comma - 1));
  if (!number) return std::nullopt;
  const auto* code = std::find_if(std::begin(kCodes), std::end(kCodes),
                                  [&](const Code& each) { return each.number == *number; });
  return code != std::end(kCodes) ? std::optional(code->family) : std::nullopt;
}

bool IsDatabaseError(const Exception& exception) {
  return exception.module.starts_with("pymysql") || exception.module.starts_with("MySQLdb") ||
         exception.name == "OperationalError" || exception.name == "InternalError" ||
         exception.name == "ProgrammingError" || exception.name == "IntegrityError" ||
         exception.name == "DataError";
}

}  // namespace

std::span<const std::string_view> ErrorFamilies() { return kFamilies; }

std::string_view FamilyOfError(std::string_view title, std::string_view tail) {
  const auto exception = ExceptionAtEnd(tail);
  if (!exception) {
    const bool email = std::any_of(std::begin(kEmailTitles), std::end(kEmailTitles),
                                   [&](std::string_view each) { return title.starts_with(each); });
    return email ? "email" : "message";
  }
  if (IsDatabaseError(*exception)) {
    if (const auto family = FamilyOfCode(exception->message)) return *family;
  }
  if (exception->message.starts_with("[Errno 28]")) return "resources";
  const auto* known =
      std::find_if(std::begin(kExceptions), std::end(kExceptions), [&](const Known& each) {
        return exception->module.starts_with(each.module) &&
               (each.name.empty() || exception->name == each.name);
      });
  return known != std::end(kExceptions) ? known->family : "other";
}

}  // namespace erpnext
