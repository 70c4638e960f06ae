// SPDX-License-Identifier: Apache-2.0
// Reads Redis URLs.
#include "sources/redis_endpoint.h"

#include <map>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::uint16_t kDefaultPort = 6379;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// As Python's urllib.parse.unquote: what is no escape stays as it is.
std::string Unquote(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

// Cuts `text` at the first `mark` and returns what stood behind it; empty when there is none.
std::string_view CutOff(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

std::map<std::string, std::string, std::less<>> ParseQuery(std::string_view query) {
  std::map<std::string, std::string, std::less<>> values;
  for (std::string_view pair : Split(query, '&')) {
    const std::string_view value = CutOff(pair, '=');
    if (!pair.empty()) values.try_emplace(Unquote(pair), Unquote(value));
  }
  return values;
}

void SetCredentials(std::string_view credentials, RedisEndpoint& endpoint) {
  const std::string_view password = CutOff(credentials, ':');
  endpoint.user = Unquote(credentials);
  endpoint.password = Secret(Unquote(password));
}

Status SetHostAndPort(std::string_view authority, RedisEndpoint& endpoint) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return Fail(ErrorKind::kMalformed, "Redis URL: no ']'");
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (port.starts_with(':')) port.remove_prefix(1);
  } else {
    port = CutOff(host, ':');
  }
  endpoint.address.host = host.empty() ? "localhost" : Unquote(host);
  endpoint.address.port = kDefaultPort;
  if (!port.empty()) {
    const auto number = ParseNumber<std::uint16_t>(port);
    if (!number || *number == 0) return Fail(ErrorKind::kMalformed, "Redis URL: bad port");
    endpoint.address.port = *number;
  }
  return {};
}

Status SetDatabase(std::string_view text, RedisEndpoint& endpoint) {
  if (text.empty()) return {};
  const auto number = ParseNumber<int>(text);
  if (!number || *number < 0) {
    return Fail(ErrorKind::kMalformed, "Redis URL: the database must be a number");
  }
  endpoint.database = *number;
  return {};
}

}  // namespace

std::string RedisEndpoint::Text() const {
  if (!address.unix_path.empty())
    return fmt::format("unix://{}?db={}", address.unix_path, database);
  return fmt::format("{}://{}/{}", tls ? "rediss" : "redis", address.Text(), database);
}

Result<RedisEndpoint> ParseRedisUrl(std::string_view url) {
  RedisEndpoint endpoint;
  std::string_view rest = Trim(url);
  std::string scheme = "redis";
  if (const std::size_t at = rest.find("://"); at != std::string_view::npos) {
    scheme = ToLower(rest.substr(0, at));
    rest.remove_prefix(at + 3);
  }
  if (scheme != "redis" && scheme != "rediss" && scheme != "unix") {
    return Fail(ErrorKind::kUnsupported, "Redis URL: scheme must be redis, rediss or unix");
  }
  if (rest.empty()) return Fail(ErrorKind::kMalformed, "Redis URL: empty");

  const auto query = ParseQuery(CutOff(rest, '?'));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  const std::string_view path = rest.substr(slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    SetCredentials(authority.substr(0, at), endpoint);
    authority.remove_prefix(at + 1);
  }

  if (const auto database = query.find("db"); database != query.end()) {
    if (Status status = SetDatabase(database->second, endpoint); !status) {
      return Fail(status.error());
    }
  }
  if (scheme == "unix") {
    if (path.size() < 2) return Fail(ErrorKind::kMalformed, "Redis URL: no socket path");
    endpoint.address.unix_path = Unquote(path);
    return endpoint;
  }
  if (Status status = SetHostAndPort(authority, endpoint); !status) return Fail(status.error());
  if (!query.contains("db") && path.size() > 1) {
    if (Status status = SetDatabase(path.substr(1), endpoint); !status) return Fail(status.error());
  }
  endpoint.tls = scheme == "rediss";
  if (const auto reqs = query.find("ssl_cert_reqs"); reqs != query.end()) {
    endpoint.verify = ToLower(reqs->second) != "none" && reqs->second != "CERT_NONE";
  }
  if (const auto ca = query.find("ssl_ca_certs"); ca != query.end()) endpoint.ca_file = ca->second;
  return endpoint;
}

}  // namespace erpnext
