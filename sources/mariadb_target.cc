// SPDX-License-Identifier: Apache-2.0
// From a bench's configuration to connection options.
#include "sources/mariadb_target.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "sources/bench_servers.h"
#include "sources/file.h"

namespace erpnext {
namespace {

constexpr std::uint16_t kDefaultPort = 3306;
constexpr std::size_t kMaxPath = 4096;

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

MariadbOptions OwnLogin(const Address& server, const MariadbLogin& login,
                        const std::string& default_socket) {
  const bool own_address = !login.address.unix_path.empty() || !login.address.host.empty();
  MariadbOptions options;
  options.address = own_address ? login.address : Reach(server, default_socket);
  options.user = login.user.empty() ? OwnUserName() : login.user;
  options.password = login.password;
  options.tls = login.tls;
  options.tls_verify = login.tls_verify;
  options.tls_ca_file = login.tls_ca_file;
  return options;
}

// False when the site has no credentials of its own.
bool UseSiteCredentials(const Site& site, MariadbOptions& options) {
  const auto schema = SchemaOf(site);
  const auto password = site.config.Text("db_password");
  if (!schema || !password) return false;
  options.user = site.config.Text("db_user").value_or(*schema);
  options.password = Secret(*password);
  return true;
}

}  // namespace

bool IsOnThisHost(const Address& address) {
  return !address.unix_path.empty() || address.host.empty() || address.host == "localhost" ||
         address.host == "::1" || address.host.starts_with("127.");
}

std::optional<std::string> ServerFilePath(const std::string& file, const std::string& datadir) {
  if (file.empty() || file.find('\0') != std::string::npos) return std::nullopt;
  std::string path = file;
  if (!file.starts_with('/')) path = datadir.starts_with('/') ? JoinPath(datadir, file) : "";
  if (path.empty() || path.size() > kMaxPath) return std::nullopt;
  return path;
}

std::optional<std::string> SchemaOf(const Site& site) {
  if (site.config.Text("db_type").value_or("mariadb") != "mariadb") return std::nullopt;
  // Frappe 16 takes the one for the other.
  if (auto name = site.config.Text("db_name")) return name;
  return site.config.Text("db_user");
}

MariadbOptions MariadbOptionsFor(const Bench& bench, const MariadbLogin& login,
                                 const std::string& default_socket) {
  MariadbOptions options = OwnLogin(bench.database.address, login, default_socket);
  if (login.use_site_credentials) {
    std::any_of(bench.sites.begin(), bench.sites.end(),
                [&](const Site& site) { return UseSiteCredentials(site, options); });
  }
  return options;
}

std::optional<MariadbOptions> MariadbOptionsFor(const Site& site, const MariadbLogin& login,
                                                const std::string& default_socket) {
  MariadbOptions options = OwnLogin(DatabaseOf(site.config).address, login, default_socket);
  if (login.use_site_credentials && !UseSiteCredentials(site, options)) return std::nullopt;
  return options;
}

}  // namespace erpnext
