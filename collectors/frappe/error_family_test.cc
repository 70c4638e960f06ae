// SPDX-License-Identifier: Apache-2.0
#include "collectors/frappe/error_family.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace erpnext {
namespace {

constexpr const char* kFrame =
    "Traceback with variables (most recent call last):\n"
    "  File \"apps/a/a/tasks.py\", line 9, in run\n    doc.save()\n      doc = <ToDo>\n"
    "      text = 'ImportError: of a customer'\n";

std::string Family(const std::string& end) {
  return std::string(FamilyOfError("a.tasks.run", kFrame + end));
}

TEST(FamilyOfError, IsThatOfTheException) {
  EXPECT_EQ("validation", Family("frappe.exceptions.ValidationError: Row #1: no quantity"));
  EXPECT_EQ("code", Family("builtins.KeyError: 'missing'"));
  EXPECT_EQ("code", Family("KeyError: 'missing'"));
  EXPECT_EQ("resources", Family("MemoryError"));
  EXPECT_EQ("resources", Family("builtins.OSError: [Errno 28] No space left on device"));
  EXPECT_EQ("permission", Family("frappe.exceptions.PermissionError: "));
  EXPECT_EQ("not_found", Family("frappe.exceptions.DoesNotExistError: ToDo x not found"));
  EXPECT_EQ("import", Family("builtins.ModuleNotFoundError: No module named 'x'"));
  EXPECT_EQ("timeout", Family("rq.timeouts.JobTimeoutException: Task exceeded maximum timeout"));
  EXPECT_EQ("email", Family("smtplib.SMTPServerDisconnected: Connection unexpectedly closed"));
  EXPECT_EQ("redis", Family("redis.exceptions.ConnectionError: Error 111 connecting to x"));
  EXPECT_EQ("network", Family("requests.exceptions.ConnectionError: refused"));
  EXPECT_EQ("other", Family("some_app.errors.ShelfTooHigh: 3"));
}

TEST(FamilyOfError, OfADatabaseErrorIsThatOfItsNumber) {
  EXPECT_EQ("deadlock", Family("pymysql.err.OperationalError: (1213, 'Deadlock found')"));
  EXPECT_EQ("deadlock", Family("frappe.exceptions.QueryDeadlockError: (1213, 'Deadlock')"));
  EXPECT_EQ("lock_timeout", Family("pymysql.err.OperationalError: (1205, 'Lock wait timeout')"));
  EXPECT_EQ("timeout", Family("pymysql.err.OperationalError: (1969, 'Query execution was')"));
  EXPECT_EQ("schema", Family("pymysql.err.ProgrammingError: (1146, \"Table 'x' doesn't exist\")"));
  EXPECT_EQ("validation", Family("pymysql.err.IntegrityError: (1062, \"Duplicate entry\")"));
  EXPECT_EQ("database", Family("pymysql.err.OperationalError: (2006, 'gone away')"));
  EXPECT_EQ("database", Family("pymysql.err.InterfaceError: (0, '')"));
}

TEST(FamilyOfError, IsNotThatOfAMessageOrAVariable) {
  EXPECT_EQ("code", Family("builtins.RuntimeError: first line\nfrappe.exceptions.Fake: second"));
  EXPECT_EQ("code", Family("ValueError: (1213, 'not of a database')"));
  // Chained: the last traceback tells what came out.
  EXPECT_EQ("validation",
            Family("KeyError: 'x'\n\nDuring handling of the above exception, another exception "
                   "occurred:\n\n" +
                   std::string(kFrame) + "frappe.exceptions.ValidationError: outer"));
}

TEST(FamilyOfError, WithoutATracebackIsThatOfTheTitle) {
  EXPECT_EQ("message", FamilyOfError("Checked", "Customer: unknown\nline 2"));
  EXPECT_EQ("email", FamilyOfError("EmailAccount.receive", "no answer"));
  EXPECT_EQ("message", FamilyOfError("", ""));
  EXPECT_EQ("code", FamilyOfError("x", "e text, all frames cut\nbuiltins.ValueError: 'x"));
}

TEST(FamilyOfError, OfHostileTextsIsInTheList) {
  for (const std::string& tail :
       {std::string(3000, ':'), std::string("\0\xff: (", 5), std::string("A: (99999999999999, "),
        std::string(kFrame) + ".: x", std::string(kFrame) + "a.b.: x", std::string(kFrame) + ":",
        std::string("pymysql.err.OperationalError: ("), std::string("  File \"")}) {
    const std::string_view family = FamilyOfError(tail, tail);
    const auto all = ErrorFamilies();
    EXPECT_NE(all.end(), std::find(all.begin(), all.end(), family)) << tail;
  }
}

}  // namespace
}  // namespace erpnext
