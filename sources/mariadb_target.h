// SPDX-License-Identifier: Apache-2.0
// Which server a bench uses, and as whom we log in there.
#pragma once

#include <string>

#include "sources/bench.h"
#include "sources/mariadb_client.h"

namespace erpnext {

struct MariadbLogin {
  std::string user;  // empty: the user this process runs as, whom unix_socket lets in
  Secret password;
  Address address;  // set: instead of what the bench's configuration says
  bool tls = false;
  bool tls_verify = true;
  std::string tls_ca_file;
  bool use_site_credentials = false;  // the first site's own, which open its database to us
};

// A server on this host at the default port is reached by its socket, if that is there: the login
// without password works only so.
MariadbOptions MariadbOptionsFor(const Bench& bench, const MariadbLogin& login,
                                 const std::string& default_socket = "/run/mysqld/mysqld.sock");

}  // namespace erpnext
