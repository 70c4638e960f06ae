// SPDX-License-Identifier: Apache-2.0
// The one error type of the project, and the result types that carry it.
#pragma once

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace erpnext {

// Why something failed. Published as the label `kind`, so the list is closed and its order is
// fixed.
enum class ErrorKind : std::uint8_t {
  kUnavailable,  // nothing there: no such file, no such socket, connection lost
  kRefused,      // the other side is there and said no to the connection
  kPermission,   // access denied: file mode, login, grant, ACL
  kTimeout,      // no answer before the deadline
  kProtocol,     // an answer that does not belong to the protocol
  kMalformed,    // readable, but not what it must be: bad JSON, wrong type
  kUnsupported,  // a version, type or feature that is not known here
  kLimit,        // more than a bound allows: size, count, connections
  kUserLimit,    // our login has all that it alone may have; others are not concerned
  kHostBlocked,  // nobody may connect from where we are, whatever the login
};

inline constexpr std::array<std::string_view, 10> kErrorKindNames = {
    "unavailable", "refused",     "permission", "timeout",    "protocol",
    "malformed",   "unsupported", "limit",      "user_limit", "host_blocked"};

constexpr std::string_view ErrorKindName(ErrorKind kind) {
  return kErrorKindNames[static_cast<std::size_t>(kind)];
}

struct Error {
  ErrorKind kind;
  std::string message;  // what, where and what to do; never a secret, never row data

  friend bool operator==(const Error&, const Error&) = default;
};

// tl::expected with [[nodiscard]]. std::expected does not work with clang and libstdc++ 12.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> Fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

template <typename... Args>
tl::unexpected<Error> Fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Fail(kind, fmt::format(format, std::forward<Args>(args)...));
}

inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace erpnext
