// SPDX-License-Identifier: Apache-2.0
// Listening sockets.
#include "exporter/listen_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr mode_t kSocketMode = 0660;  // the reverse proxy's group may connect
constexpr int kSockets = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

std::string Message(int error_number) { return std::generic_category().message(error_number); }

Error ListenError(int error_number) {
  switch (error_number) {
    case EADDRINUSE:
      return {ErrorKind::kUnavailable,
              "address already in use; end the process that listens there (ss -ltnp shows it) or "
              "set another --web.listen-address"};
    case EADDRNOTAVAIL:
      return {ErrorKind::kUnavailable,
              "this host has no such address (ip address shows what it has)"};
    case EACCES:
    case EPERM:
      return {ErrorKind::kPermission,
              "not allowed; take a port above 1023, or a folder that this user may write to"};
    case ENOENT:
    case ENOTDIR:
      return {ErrorKind::kUnavailable, "the folder of the socket does not exist; create it"};
    default: return {ErrorKind::kUnavailable, Message(error_number)};
  }
}

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Result<AddressList> Resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int result = getaddrinfo(host, port.c_str(), &hints, &found);
  if (result != 0) {
    return Fail(ErrorKind::kUnavailable, "no such host ({}); write an address of this host",
                gai_strerror(result));
  }
  return AddressList(found, freeaddrinfo);
}

// A name gives its IPv4 addresses first, as Go's net.Listen has it. "All interfaces" is the IPv6
// wildcard, which takes IPv4 too; the other way around it would not.
std::vector<const addrinfo*> InOrder(const addrinfo* list, bool all_interfaces) {
  std::vector<const addrinfo*> ordered;
  for (; list != nullptr; list = list->ai_next) ordered.push_back(list);
  const int first = all_interfaces ? AF_INET6 : AF_INET;
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](const addrinfo* a) { return a->ai_family == first; });
  return ordered;
}

void Set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

// Never SO_REUSEPORT: with it a second daemon would take half of the scrapes without any error.
// 0 or the error number.
int BindAndListen(const UniqueFd& fd, const sockaddr* address, socklen_t size) {
  if (!fd.valid()) return errno;
  if (bind(fd.get(), address, size) != 0 || listen(fd.get(), SOMAXCONN) != 0) return errno;
  return 0;
}

std::string BoundText(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* generic = reinterpret_cast<sockaddr*>(&storage);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  getsockname(fd, generic, &size);
  getnameinfo(generic, size, host.data(), host.size(), port.data(), port.size(),
              NI_NUMERICHOST | NI_NUMERICSERV);
  const bool v6 = storage.ss_family == AF_INET6;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host.data(), v6 ? "]" : "", port.data());
}

// Whether a socket file is left over from a process that has ended.
Status CheckStale(const std::string& path) {
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) return {};  // it has just gone
  if (!S_ISSOCK(file.st_mode)) {
    return Fail(ErrorKind::kMalformed,
                "there is a file that is no socket; remove it or set "
                "another --web.listen-address");
  }
  const auto peer =
      Channel::Connect({.unix_path = path}, Deadline::After(std::chrono::milliseconds(200)));
  if (!peer && peer.error().kind == ErrorKind::kRefused) return {};
  if (!peer && peer.error().kind == ErrorKind::kPermission) {
    return Fail(ErrorKind::kPermission,
                "the socket belongs to another user; remove it or set another "
                "--web.listen-address");
  }
  return Fail(ListenError(EADDRINUSE));
}

}  // namespace

Result<Address> ParseListenAddress(std::string_view text) {
  const auto malformed = [&](std::string_view why) {
    return Fail(ErrorKind::kMalformed,
                "--web.listen-address {}: {}; write HOST:PORT, [IPV6]:PORT, :PORT for all "
                "interfaces, or unix:PATH",
                text, why);
  };
  Address address;
  if (text.starts_with(kUnixPrefix)) {
    address.unix_path = text.substr(kUnixPrefix.size());
    if (address.unix_path.empty()) return malformed("no path");
    if (address.unix_path.find('\0') != std::string::npos) return malformed("a NUL in the path");
    if (address.unix_path.size() >= sizeof sockaddr_un::sun_path) {
      return malformed(fmt::format("the path of a socket has at most {} bytes",
                                   sizeof sockaddr_un::sun_path - 1));
    }
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed("no port");
  const auto port = ParseNumber<std::uint16_t>(text.substr(colon + 1));
  if (!port) return malformed("the port is no number from 0 to 65535");
  address.port = *port;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return malformed("no address in the brackets");
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return malformed("an IPv6 address stands in brackets");
  }
  const bool strange = std::any_of(host.begin(), host.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '*';
  });
  if (strange) return malformed("that is no host");
  address.host = host;
  return address;
}

Result<Listener> Listener::Open(const std::string& address) {
  const auto parsed = ParseListenAddress(address);
  if (!parsed) return Fail(parsed.error());
  auto listener = parsed->unix_path.empty() ? OpenTcp(*parsed) : OpenUnix(parsed->unix_path);
  if (!listener) {
    return Fail(listener.error().kind, "cannot listen on {}: {}", address,
                listener.error().message);
  }
  return listener;
}

Result<Listener> Listener::OpenTcp(const Address& address) {
  const auto addresses = Resolve(address);
  if (!addresses) return Fail(addresses.error());
  int error_number = EADDRNOTAVAIL;
  for (const addrinfo* info : InOrder(addresses->get(), address.host.empty())) {
    UniqueFd fd(socket(info->ai_family, kSockets, 0));
    Set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (info->ai_family == AF_INET6) Set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    error_number = BindAndListen(fd, info->ai_addr, info->ai_addrlen);
    if (error_number == 0) {
      std::string bound = BoundText(fd.get());
      return Listener(std::move(fd), std::move(bound));
    }
    // Taken at one address is taken: the next would be one that the user did not think of.
    if (error_number == EADDRINUSE) break;
  }
  return Fail(ListenError(error_number));
}

Result<Listener> Listener::OpenUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  const auto open = [&](UniqueFd& fd) {
    fd = UniqueFd(socket(AF_UNIX, kSockets, 0));
    // Before bind, so that the file never has more rights than it shall have.
    if (fd.valid()) fchmod(fd.get(), kSocketMode);
    return BindAndListen(fd, generic, sizeof address);
  };
  UniqueFd fd;
  int error_number = open(fd);
  if (error_number == EADDRINUSE) {
    if (Status stale = CheckStale(path); !stale) return Fail(stale.error());
    unlink(path.c_str());
    error_number = open(fd);
  }
  if (error_number != 0) return Fail(ListenError(error_number));

  Listener listener(std::move(fd), std::string(kUnixPrefix) + path);
  struct stat file {};
  if (lstat(path.c_str(), &file) == 0) {
    chmod(path.c_str(), kSocketMode);  // bind has taken the umask's bits away
    listener.path_ = path;
    listener.device_ = file.st_dev;
    listener.inode_ = file.st_ino;
  }
  return listener;
}

Listener::~Listener() {
  struct stat file {};
  if (path_.empty() || lstat(path_.c_str(), &file) != 0) return;
  if (file.st_dev == device_ && file.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace erpnext
