// SPDX-License-Identifier: Apache-2.0
// Where a Redis is and how to log in, as the URLs in Frappe's configuration say it.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"
#include "sources/channel.h"

namespace erpnext {

struct RedisEndpoint {
  Address address;
  int database = 0;
  std::string user;  // empty: the default user
  Secret password;   // empty: no AUTH
  bool tls = false;
  bool verify = true;
  std::string ca_file;

  // "redis://127.0.0.1:11000/0", without the credentials.
  std::string Text() const;
  friend bool operator==(const RedisEndpoint&, const RedisEndpoint&) = default;
};

// What redis-py accepts in from_url: redis://[user:password@]host[:port][/db], rediss:// with
// ?ssl_cert_reqs= and ?ssl_ca_certs=, unix://[user:password@]/path[?db=n]. A value without scheme
// is taken as redis://. Malformed errors never quote the URL, which may hold a password.
Result<RedisEndpoint> ParseRedisUrl(std::string_view url);

}  // namespace erpnext
