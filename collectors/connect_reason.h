// SPDX-License-Identifier: Apache-2.0
// Why a server did not answer, in the words of the label `reason`.
#pragma once

#include <string_view>

#include "core/result.h"

namespace erpnext {

// "down" (nothing there), "refused" (nobody listens), "denied" (login or grant), "timeout",
// "too_many_connections", "user_limit" (our login has all that it may have, others are served),
// "host_blocked" (nobody may connect from this host), or "protocol" (something else answers, or not
// as it should).
constexpr std::string_view ConnectReason(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnavailable: return "down";
    case ErrorKind::kRefused: return "refused";
    case ErrorKind::kPermission: return "denied";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kLimit: return "too_many_connections";
    case ErrorKind::kUserLimit: return "user_limit";
    case ErrorKind::kHostBlocked: return "host_blocked";
    default: return "protocol";
  }
}

// A server that refuses our login or our host, or takes no more connections, is up all the same.
constexpr bool IsUpThough(ErrorKind kind) {
  return kind == ErrorKind::kPermission || kind == ErrorKind::kLimit ||
         kind == ErrorKind::kUserLimit || kind == ErrorKind::kHostBlocked;
}

}  // namespace erpnext
