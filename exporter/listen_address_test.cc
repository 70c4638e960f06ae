// SPDX-License-Identifier: Apache-2.0
#include "exporter/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "core/testing/temp_folder.h"

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(ParseListenAddress, ReadsEveryForm) {
  const struct {
    const char* text;
    Address expected;
  } rows[] = {
      {":10470", {"", "", 10470}},
      {"127.0.0.1:10470", {"", "127.0.0.1", 10470}},
      {"0.0.0.0:0", {"", "0.0.0.0", 0}},
      {"localhost:65535", {"", "localhost", 65535}},
      {"erp.example.com:80", {"", "erp.example.com", 80}},
      {"[::1]:10470", {"", "::1", 10470}},
      {"[::]:0", {"", "::", 0}},
      {"[fe80::1%eth0]:1", {"", "fe80::1%eth0", 1}},
      {"unix:/run/e.sock", {"/run/e.sock", "", 0}},
      {"unix:a:b c", {"a:b c", "", 0}},
  };
  for (const auto& row : rows) {
    const auto address = ParseListenAddress(row.text);
    ASSERT_TRUE(address.has_value()) << address.error().message;
    EXPECT_EQ(row.expected, *address) << row.text;
  }
}

TEST(ParseListenAddress, RefusesOthersAndSaysHowItIsWritten) {
  const std::pair<std::string, const char*> rows[] = {
      {"", "no port"},
      {"10470", "no port"},
      {"localhost", "no port"},
      {"localhost:", "port"},
      {"localhost:http", "port"},
      {":65536", "port"},
      {":-1", "port"},
      {": 80", "port"},
      {"::1:10470", "brackets"},
      {"[::1:10470", "brackets"},
      {"[]:10470", "brackets"},
      {"http://localhost:80", "brackets"},
      {"*:80", "host"},
      {"a b:80", "host"},
      {"unix:", "no path"},
      {"unix:/" + std::string(107, 'x'), "107 bytes"},
      {std::string("unix:/a\0b", 9), "NUL"},
  };
  for (const auto& [text, why] : rows) {
    const auto address = ParseListenAddress(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(ErrorKind::kMalformed, address.error().kind);
    EXPECT_THAT(address.error().message, HasSubstr(why)) << text;
    EXPECT_THAT(address.error().message, HasSubstr("unix:PATH")) << text;
  }
}

bool Answers(const std::string& bound) {
  const auto address = ParseListenAddress(bound);
  return address && Channel::Connect(*address, Deadline::After(std::chrono::seconds(5)));
}

TEST(Listener, TellsThePortItGot) {
  const std::pair<const char*, const char*> rows[] = {
      {"127.0.0.1:0", "127\\.0\\.0\\.1:[1-9][0-9]*"},
      {"localhost:0", "127\\.0\\.0\\.1:[1-9][0-9]*"},
      {"0.0.0.0:0", "0\\.0\\.0\\.0:[1-9][0-9]*"},
  };
  for (const auto& [address, expected] : rows) {
    const auto listener = Listener::Open(address);
    ASSERT_TRUE(listener.has_value()) << listener.error().message;
    EXPECT_THAT(listener->bound(), MatchesRegex(expected));
    EXPECT_TRUE(Answers(listener->bound())) << address;
  }
}

bool HostHasIpv6() {
  const UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.valid() && Listener::Open("[::1]:0").has_value();
}

TEST(Listener, Ipv6) {
  if (!HostHasIpv6()) GTEST_SKIP() << "this host has no IPv6";
  const auto listener = Listener::Open("[::1]:0");
  EXPECT_THAT(listener->bound(), MatchesRegex("\\[::1\\]:[1-9][0-9]*"));
  EXPECT_TRUE(Answers(listener->bound()));
}

TEST(Listener, NoHostMeansEveryInterfaceOfBothFamilies) {
  const auto listener = Listener::Open(":0");
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  const std::string port = listener->bound().substr(listener->bound().rfind(':'));
  EXPECT_TRUE(Answers("127.0.0.1" + port));
  EXPECT_TRUE(Answers("127.1.2.3" + port));
  EXPECT_TRUE(!HostHasIpv6() || Answers("[::1]" + port));
}

TEST(Listener, APortIsTakenOnce) {
  const auto first = Listener::Open("127.0.0.1:0");
  ASSERT_TRUE(first.has_value());
  const std::string port = first->bound().substr(first->bound().rfind(':'));
  for (const std::string& address : {first->bound(), port, "localhost" + port, "0.0.0.0" + port}) {
    const auto second = Listener::Open(address);
    ASSERT_FALSE(second.has_value()) << address;
    EXPECT_THAT(second.error().message,
                StartsWith("cannot listen on " + address + ": address already in use; end"));
  }
}

TEST(Listener, APortIsFreeAgainAtOnce) {
  std::string bound;
  {
    const auto first = Listener::Open("127.0.0.1:0");
    bound = first->bound();
    const auto client =
        Channel::Connect(*ParseListenAddress(bound), Deadline::After(std::chrono::seconds(5)));
    const UniqueFd accepted(accept(first->fd(), nullptr, nullptr));
    ASSERT_TRUE(accepted.valid());
  }  // closed from this side: the connection's remains would keep the port busy for a minute
  EXPECT_TRUE(Listener::Open(bound).has_value());
}

TEST(Listener, SaysWhyNot) {
  const struct {
    const char* address;
    ErrorKind kind;
    const char* what;
  } rows[] = {
      {"192.0.2.1:0", ErrorKind::kUnavailable, "no such address"},
      {"no-such-host.invalid:0", ErrorKind::kUnavailable, "no such host"},
      {"unix:/no/such/folder/e.sock", ErrorKind::kUnavailable, "folder"},
      {"10470", ErrorKind::kMalformed, "no port"},
  };
  for (const auto& row : rows) {
    const auto listener = Listener::Open(row.address);
    ASSERT_FALSE(listener.has_value()) << row.address;
    EXPECT_EQ(row.kind, listener.error().kind) << listener.error().message;
    EXPECT_THAT(listener.error().message, HasSubstr(row.address));
    EXPECT_THAT(listener.error().message, HasSubstr(row.what));
  }
}

TEST(UnixListener, MakesAFileForUserAndGroupAndRemovesIt) {
  const TempFolder folder;
  const std::string path = folder.path("e.sock");
  {
    const mode_t before = umask(0077);
    const auto listener = Listener::Open("unix:" + path);
    umask(before);
    ASSERT_TRUE(listener.has_value()) << listener.error().message;
    EXPECT_EQ("unix:" + path, listener->bound());
    struct stat file {};
    ASSERT_EQ(0, lstat(path.c_str(), &file));
    EXPECT_EQ(0660u, file.st_mode & 0777u);
    EXPECT_TRUE(Answers(listener->bound()));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(UnixListener, ReplacesTheFileOfADeadProcess) {
  const TempFolder folder;
  const std::string address = "unix:" + folder.path("e.sock");
  {
    const auto dead = Listener::Open(address);
    ASSERT_TRUE(dead.has_value());
    folder.Rename("e.sock", "left-behind");  // so that its end does not remove it
  }
  folder.Rename("left-behind", "e.sock");
  ASSERT_FALSE(Answers(address));
  const auto listener = Listener::Open(address);
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  EXPECT_TRUE(Answers(address));
}

TEST(UnixListener, RefusesTheFileOfALiveProcess) {
  const TempFolder folder;
  const std::string address = "unix:" + folder.path("e.sock");
  const auto live = Listener::Open(address);
  ASSERT_TRUE(live.has_value());
  const auto second = Listener::Open(address);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr("already in use"));
  EXPECT_TRUE(Answers(address));
}

TEST(UnixListener, NeverRemovesWhatIsNoSocket) {
  const TempFolder folder;
  folder.Write("e.sock", "precious");
  const auto listener = Listener::Open("unix:" + folder.path("e.sock"));
  ASSERT_FALSE(listener.has_value());
  EXPECT_THAT(listener.error().message, HasSubstr("no socket"));
  EXPECT_TRUE(std::filesystem::exists(folder.path("e.sock")));
}

TEST(UnixListener, LeavesTheFileOfItsSuccessor) {
  const TempFolder folder;
  const std::string path = folder.path("e.sock");
  auto first = std::make_unique<Result<Listener>>(Listener::Open("unix:" + path));
  std::filesystem::remove(path);
  const auto second = Listener::Open("unix:" + path);
  ASSERT_TRUE(second.has_value());
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace erpnext
