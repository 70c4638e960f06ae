// SPDX-License-Identifier: Apache-2.0
#include "sources/redis_endpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace erpnext {
namespace {

TEST(RedisEndpoint, ReadsWhatRedisPyReads) {
  struct Row {
    const char* url;
    const char* text;
    const char* user;
    const char* password;
  };
  const Row rows[] = {
      {"redis://127.0.0.1:11000", "redis://127.0.0.1:11000/0", "", ""},
      {"redis://localhost", "redis://localhost:6379/0", "", ""},
      {"redis://h:7/3", "redis://h:7/3", "", ""},
      {"redis://h:7/3?db=5", "redis://h:7/5", "", ""},
      {"redis://:pass@h", "redis://h:6379/0", "", "pass"},
      {"redis://user:p%40ss%2Fword@h:1", "redis://h:1/0", "user", "p@ss/word"},
      {"redis://user:p@ss@h:1", "redis://h:1/0", "user", "p@ss"},
      {"rediss://h:6380", "rediss://h:6380/0", "", ""},
      {"redis://[::1]:11000/1", "redis://[::1]:11000/1", "", ""},
      {"unix:///run/redis.sock", "unix:///run/redis.sock?db=0", "", ""},
      {"unix://:pw@/run/redis.sock?db=2", "unix:///run/redis.sock?db=2", "", "pw"},
      {"127.0.0.1:11000", "redis://127.0.0.1:11000/0", "", ""},
      {" redis://h ", "redis://h:6379/0", "", ""},
  };
  for (const Row& row : rows) {
    const auto endpoint = ParseRedisUrl(row.url);
    ASSERT_TRUE(endpoint) << row.url;
    EXPECT_EQ(row.text, endpoint->Text());
    EXPECT_EQ(row.user, endpoint->user) << row.url;
    EXPECT_EQ(row.password, endpoint->password.Reveal()) << row.url;
  }
}

TEST(RedisEndpoint, ReadsTlsOptions) {
  const auto endpoint = ParseRedisUrl("rediss://h?ssl_cert_reqs=none&ssl_ca_certs=%2Fetc%2Fca.pem");
  ASSERT_TRUE(endpoint);
  EXPECT_TRUE(endpoint->tls);
  EXPECT_FALSE(endpoint->verify);
  EXPECT_EQ("/etc/ca.pem", endpoint->ca_file);
}

TEST(RedisEndpoint, RefusesOthersWithoutQuotingThem) {
  for (const char* url : {"", "http://h", "redis://", "redis://:secret@h:port", "redis://h:0",
                          "redis://h/-1", "redis://h/secret", "unix://", "redis://[::1"}) {
    const auto endpoint = ParseRedisUrl(url);
    ASSERT_FALSE(endpoint) << url;
    EXPECT_EQ(std::string::npos, endpoint.error().message.find("secret"));
  }
}

std::string Quote(std::string_view text) {
  std::string quoted;
  for (const char c : text) quoted += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return quoted;
}

RC_GTEST_PROP(RedisEndpoint, ReadsEveryUrlBack,
              (const std::string& user, const std::string& password, std::uint16_t port)) {
  RC_PRE(port != 0);
  const int database = *rc::gen::inRange(0, 16);
  const auto endpoint = ParseRedisUrl(fmt::format("redis://{}:{}@redis-1.example.com:{}/{}",
                                                  Quote(user), Quote(password), port, database));
  RC_ASSERT(endpoint->user == user);
  RC_ASSERT(endpoint->password.Reveal() == password);
  RC_ASSERT(endpoint->address.host == "redis-1.example.com");
  RC_ASSERT(endpoint->address.port == port);
  RC_ASSERT(endpoint->database == database);
  // Its text is a URL again, of the same server and without the login.
  const auto again = ParseRedisUrl(endpoint->Text());
  RC_ASSERT(again->address == endpoint->address);
  RC_ASSERT(again->database == database);
  RC_ASSERT(again->user.empty());
}

RC_GTEST_PROP(RedisEndpoint, TakesAnyBytes, (const std::string& rest)) {
  const auto endpoint = ParseRedisUrl("redis://" + rest);
  RC_ASSERT(endpoint || !endpoint.error().message.empty());
}

}  // namespace
}  // namespace erpnext
