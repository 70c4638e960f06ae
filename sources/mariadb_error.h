// SPDX-License-Identifier: Apache-2.0
// What the error numbers of MariaDB's server and client library mean to us.
#pragma once

#include <string_view>

#include "core/result.h"

namespace erpnext {

// The server's number, also where the library wraps it into an error of its own.
unsigned MariadbErrorNumber(unsigned error_number, std::string_view message);

// The kind of error that an error number of server or client library stands for: refused and
// unavailable (nothing there), permission (login or grant), limit (too many connections), user
// limit (this login may have no more), host blocked (FLUSH HOSTS ends that), timeout, protocol,
// unsupported (unknown table, column or syntax). `message` is read only for numbers in the
// library's own texts.
ErrorKind MariadbErrorKind(unsigned error_number, std::string_view message);

// Whether what was asked for is only not there: this login may not see it, or this server does not
// have it.
inline bool IsAbsent(const Error& error) {
  return error.kind == ErrorKind::kPermission || error.kind == ErrorKind::kUnsupported;
}

}  // namespace erpnext
