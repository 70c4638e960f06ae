// SPDX-License-Identifier: Apache-2.0
// Sorts the error numbers of MariaDB's server and client library by kind.
#include "sources/mariadb_error.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include <cerrno>

#include "core/text.h"

namespace erpnext {
namespace {

// MySQL's ER_QUERY_TIMEOUT, of max_execution_time. MariaDB does not use the number.
constexpr unsigned kMysqlQueryTimeout = 3024;

// "Can't connect to server on 'h' (111)": the library keeps errno only in its text.
int SystemError(std::string_view message) {
  const std::size_t open = message.rfind('(');
  const std::size_t close = message.find_first_not_of("0123456789", open + 1);
  if (open == std::string_view::npos || close == std::string_view::npos) return 0;
  return ParseNumber<int>(message.substr(open + 1, close - open - 1)).value_or(0);
}

ErrorKind ConnectErrorKind(int system_error) {
  switch (system_error) {
    case ECONNREFUSED: return ErrorKind::kRefused;
    case EACCES:
    case EPERM: return ErrorKind::kPermission;
    case ETIMEDOUT:
    case EAGAIN: return ErrorKind::kTimeout;
    default: return ErrorKind::kUnavailable;
  }
}

}  // namespace

// With TLS demanded, an error packet that comes before the handshake is wrapped into a text that
// ends "cannot be verified: 1040 - Too many connections".
unsigned MariadbErrorNumber(unsigned number, std::string_view message) {
  constexpr std::string_view kMark = "be verified: ";
  const std::size_t mark = message.find(kMark);
  if (number != CR_CONNECTION_ERROR && number != CR_CONN_HOST_ERROR) return number;
  if (mark == std::string_view::npos) return number;
  message.remove_prefix(mark + kMark.size());
  return ParseNumber<unsigned>(message.substr(0, message.find(' '))).value_or(number);
}

ErrorKind MariadbErrorKind(unsigned number, std::string_view message) {
  switch (MariadbErrorNumber(number, message)) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR: return ConnectErrorKind(SystemError(message));
    // A certificate that is not trusted, or another reason why there was no handshake.
    case CR_SSL_CONNECTION_ERROR:
      return message.find("certificate") != std::string_view::npos ? ErrorKind::kPermission
                                                                   : ErrorKind::kProtocol;
    case CR_UNKNOWN_HOST:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED: return ErrorKind::kUnavailable;
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
    case ER_HOST_NOT_PRIVILEGED:
    case ER_MUST_CHANGE_PASSWORD:
    case ER_MUST_CHANGE_PASSWORD_LOGIN:
    case ER_ACCOUNT_HAS_BEEN_LOCKED:
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
    case CR_AUTH_PLUGIN_ERR:
    case CR_PLUGIN_NOT_ALLOWED: return ErrorKind::kPermission;
    case ER_CON_COUNT_ERROR: return ErrorKind::kLimit;
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED: return ErrorKind::kUserLimit;
    case ER_HOST_IS_BLOCKED: return ErrorKind::kHostBlocked;
    case kMysqlQueryTimeout:
    case ER_STATEMENT_TIMEOUT:
    case ER_QUERY_INTERRUPTED:
    case ER_LOCK_WAIT_TIMEOUT: return ErrorKind::kTimeout;
    case ER_NO_SUCH_TABLE:
    case ER_BAD_FIELD_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_UNKNOWN_TABLE:
    case ER_UNKNOWN_SYSTEM_VARIABLE:
    case ER_PARSE_ERROR: return ErrorKind::kUnsupported;
    default: return ErrorKind::kProtocol;
  }
}

}  // namespace erpnext
