// SPDX-License-Identifier: Apache-2.0
// Redis URLs: what is shown of one leads to the same server, and never shows the password.
#include <string>

#include "sources/redis_endpoint.h"
#include "tests/fuzz/fuzz.h"

using erpnext::ParseRedisUrl;
using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  if (const auto endpoint = ParseRedisUrl(text)) {
    Require(endpoint->database >= 0, "a database is a number from 0");
    Require(!endpoint->address.unix_path.empty() || endpoint->address.port != 0, "there is a port");
  }

  if (text.find(erpnext::fuzz::kPassword) != std::string_view::npos) return 0;  // a host's name
  std::string secret = "redis://user:";
  secret.append(erpnext::fuzz::kPassword).append("@").append(text);
  const auto endpoint = ParseRedisUrl(secret);
  const std::string shown = endpoint ? endpoint->Text() : endpoint.error().message;
  Require(shown.find(erpnext::fuzz::kPassword) == std::string::npos, "a password is never shown");
  return 0;
}
