// SPDX-License-Identifier: Apache-2.0
// Which server a bench uses, and as whom we log in there.
#pragma once

#include <optional>
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
  bool use_site_credentials = false;  // each site's own, which open its database to us
};

// The server of a bench as a whole; with site credentials those of its first site.
//
// A server on this host at the default port is reached by its socket, if that is there: the login
// without password works only so.
MariadbOptions MariadbOptionsFor(const Bench& bench, const MariadbLogin& login,
                                 const std::string& default_socket = "/run/mysqld/mysqld.sock");

// The server of one site. Nothing when its own credentials are wanted and it has none.
std::optional<MariadbOptions> MariadbOptionsFor(
    const Site& site, const MariadbLogin& login,
    const std::string& default_socket = "/run/mysqld/mysqld.sock");

// Whether a server at this address shares our memory and disks: reached by socket or loopback. What
// stands behind a tunnel looks so too.
bool IsOnThisHost(const Address& address);

// The whole path of a file that a server has as `file` in its variables: a name without a folder is
// one in `datadir`. Nothing for none, and for what is no path.
std::optional<std::string> ServerFilePath(const std::string& file, const std::string& datadir);

// The schema of a MariaDB site. Nothing when it has none: Frappe takes no such site either.
std::optional<std::string> SchemaOf(const Site& site);

}  // namespace erpnext
