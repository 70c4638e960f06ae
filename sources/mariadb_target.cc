// SPDX-License-Identifier: Apache-2.0
// From a bench's configuration to connection options.
#include "sources/mariadb_target.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace erpnext {
namespace {

constexpr std::uint16_t kDefaultPort = 3306;

std::string OwnUserName() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return "erpnext-exporter";
  }
  return found->pw_name;
}

bool IsThisHost(const std::string& host) {
  return host.empty() || host == "localhost" || host == "127.0.0.1" || host == "::1";
}

Address Reach(const Address& address, const std::string& default_socket) {
  if (address.unix_path.empty() && IsThisHost(address.host) && address.port == kDefaultPort &&
      Exists(default_socket)) {
    return {default_socket, "", 0};
  }
  return address;
}

}  // namespace

MariadbOptions MariadbOptionsFor(const Bench& bench, const MariadbLogin& login,
                                 const std::string& default_socket) {
  const bool own_address = !login.address.unix_path.empty() || !login.address.host.empty();
  MariadbOptions options;
  options.address = own_address ? login.address : Reach(bench.database.address, default_socket);
  options.user = login.user.empty() ? OwnUserName() : login.user;
  options.password = login.password;
  options.tls = login.tls;
  options.tls_verify = login.tls_verify;
  options.tls_ca_file = login.tls_ca_file;
  if (login.use_site_credentials) {
    const auto site = std::find_if(bench.sites.begin(), bench.sites.end(), [](const Site& s) {
      return s.config.Text("db_type").value_or("mariadb") == "mariadb" &&
             s.config.Text("db_name") && s.config.Text("db_password");
    });
    if (site != bench.sites.end()) {
      const std::string database = site->config.Text("db_name").value();
      options.user = site->config.Text("db_user").value_or(database);
      options.password = Secret(site->config.Text("db_password").value());
    }
  }
  return options;
}

}  // namespace erpnext
