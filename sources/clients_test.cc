// SPDX-License-Identifier: Apache-2.0
// How the clients of Redis, MariaDB and HTTP take servers that misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/testing/temp_folder.h"
#include "sources/http_probe.h"
#include "sources/mariadb_client.h"
#include "sources/mariadb_error.h"
#include "sources/redis_client.h"
#include "sources/testing/fault_server.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;

enum class Client { kRedis, kMariadb, kHttp };

Status Ask(Client client, const Address& address, Deadline deadline) {
  switch (client) {
    case Client::kRedis: {
      RedisEndpoint endpoint;
      endpoint.address = address;
      const RedisCommand command = {"PING"};
      const auto replies = RedisClient(endpoint).Pipeline({&command, 1}, deadline);
      return replies ? Status() : Fail(replies.error());
    }
    case Client::kMariadb: {
      const auto table =
          MariadbClient({.address = address, .user = "u"}).Query("SELECT 1", deadline);
      return table ? Status() : Fail(table.error());
    }
    case Client::kHttp: break;
  }
  const auto response = HttpGet({.address = address, .host = "site"}, deadline);
  return response ? Status() : Fail(response.error());
}

struct Fault {
  const char* name;
  FaultServer::Handler handler;
  std::vector<ErrorKind> kinds;  // acceptable
};

class ClientsTest : public testing::TestWithParam<Client> {};
std::string NameOf(const testing::TestParamInfo<Client>& client) {
  const char* const names[] = {"Redis", "MariaDB", "HTTP"};
  return names[static_cast<int>(client.param)];
}
INSTANTIATE_TEST_SUITE_P(All, ClientsTest,
                         testing::Values(Client::kRedis, Client::kMariadb, Client::kHttp), NameOf);

TEST_P(ClientsTest, EveryFaultHasItsKindAndEndsInTime) {
  const std::string garbage = "\x47\x01\xFFgarbage of no protocol at all\r\n\r\n";
  const Fault faults[] = {
      {"hangs after accept", FaultServer::Hangs(), {ErrorKind::kTimeout}},
      {"drips HTTP",
       FaultServer::Drips("HTTP/1.1 200 OK\r\nX: y\r\nX: y\r\n", 20),
       {ErrorKind::kTimeout, ErrorKind::kProtocol}},
      {"drips a Redis bulk string",
       FaultServer::Drips("$100\r\n", 20),
       {ErrorKind::kTimeout, ErrorKind::kProtocol}},
      {"closes at once", [](const auto&) {}, {ErrorKind::kUnavailable, ErrorKind::kProtocol}},
      {"garbage",
       [=](const auto& c) {
         c.Send(garbage);
         c.HangUntilStopped();
       },
       {ErrorKind::kProtocol, ErrorKind::kTimeout}},
      {"garbage and goes",
       [=](const auto& c) { c.Send(garbage); },
       {ErrorKind::kProtocol, ErrorKind::kUnavailable}},
      {"an endless line",
       FaultServer::Floods(std::string(1U << 20, 'x')),
       {ErrorKind::kLimit, ErrorKind::kProtocol}},
  };
  for (const Fault& fault : faults) {
    FaultServer server(fault.handler);
    const auto begin = Deadline::Clock::now();
    const Status status = Ask(GetParam(), server.address(), Deadline::After(300ms));
    EXPECT_LT(Deadline::Clock::now() - begin, 2s) << fault.name;
    ASSERT_FALSE(status) << fault.name;
    EXPECT_TRUE(std::count(fault.kinds.begin(), fault.kinds.end(), status.error().kind) == 1)
        << fault.name << ": " << ErrorKindName(status.error().kind) << ", "
        << status.error().message;
  }
}

TEST_P(ClientsTest, APortWhereNobodyListensIsRefused) {
  Address address;
  {
    FaultServer server(FaultServer::Hangs());
    address = server.address();
  }
  const Status status = Ask(GetParam(), address, Deadline::After(2s));
  ASSERT_FALSE(status);
  EXPECT_EQ(ErrorKind::kRefused, status.error().kind) << status.error().message;
}

TEST_P(ClientsTest, ASocketThatIsNotThereIsUnavailable) {
  Address address;
  address.unix_path = "/nosuch/server.sock";
  const Status status = Ask(GetParam(), address, Deadline::After(2s));
  ASSERT_FALSE(status);
  EXPECT_EQ(ErrorKind::kUnavailable, status.error().kind) << status.error().message;
}

TEST(RedisClient, RefusesAnArrayOfUnreasonableLength) {
  for (const char* reply :
       {"*2000000000\r\n", "*1000000\r\n*1000000\r\n*1000000\r\n*1000000\r\n", "$600000000\r\n"}) {
    FaultServer server(FaultServer::Answers(reply));
    const Status status = Ask(Client::kRedis, server.address(), Deadline::After(200ms));
    EXPECT_FALSE(status) << reply;
  }
}

TEST(RedisClient, MoreRepliesThanCommandsAreAProtocolError) {
  FaultServer server(FaultServer::Answers("+PONG\r\n+FOREIGN\r\n"));
  const Status status = Ask(Client::kRedis, server.address(), Deadline::After(2s));
  ASSERT_FALSE(status);
  EXPECT_EQ(ErrorKind::kProtocol, status.error().kind);
}

TEST(RedisClient, AServerThatTakesNoMoreClientsSaysSoOnceAndCloses) {
  const FaultServer server([](const auto& c) { c.Send("-ERR max number of clients reached\r\n"); });
  RedisEndpoint endpoint;
  endpoint.address = server.address();
  const std::vector<RedisCommand> commands = {{"PING"}, {"PING"}, {"PING"}};
  for (std::size_t count : {1U, 3U}) {
    const auto replies =
        RedisClient(endpoint).Pipeline(std::span(commands).first(count), Deadline::After(2s));
    ASSERT_FALSE(replies) << count;
    EXPECT_EQ(ErrorKind::kLimit, replies.error().kind) << replies.error().message;
  }
}

TEST(RedisClient, WaitsBeforeItTriesAgain) {
  FaultServer server([](const auto&) {});
  RedisEndpoint endpoint;
  endpoint.address = server.address();
  RedisClient client(endpoint);
  const RedisCommand command = {"PING"};
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(client.Pipeline({&command, 1}, Deadline::After(1s)));
  EXPECT_LE(client.round_trips(), 3u);
}

TEST(MariadbErrorKind, TellsRefusedFromMissing) {
  struct Row {
    unsigned number;
    const char* message;
    ErrorKind kind;
  };
  const Row rows[] = {
      {2002, "Can't connect to local server through socket '/run/x (1)' (2)",
       ErrorKind::kUnavailable},
      {2002, "Can't connect to server on '127.0.0.1' (111)", ErrorKind::kRefused},
      {2003, "Can't connect to server on 'h' (110)", ErrorKind::kTimeout},
      {2002, "Can't connect to local server through socket '/x' (13)", ErrorKind::kPermission},
      {2002, "no number here", ErrorKind::kUnavailable},
      {2002,
       "Received error packet before completion of TLS handshake. The authenticity of the "
       "following error cannot be verified: 1040 - Too many connections",
       ErrorKind::kLimit},
      {2003, "... of the following error cannot be verified: nothing", ErrorKind::kUnavailable},
      {2005, "", ErrorKind::kUnavailable},
      {1045, "", ErrorKind::kPermission},
      {4151, "", ErrorKind::kPermission},
      {1040, "", ErrorKind::kLimit},
      {1203, "", ErrorKind::kUserLimit},
      {1226, "", ErrorKind::kUserLimit},
      {1129, "", ErrorKind::kHostBlocked},
      {1969, "", ErrorKind::kTimeout},
      {3024, "", ErrorKind::kTimeout},
      {2013, "", ErrorKind::kUnavailable},
      {1146, "", ErrorKind::kUnsupported},
      {2027, "", ErrorKind::kProtocol},
      {2026, "TLS/SSL error: self-signed certificate in certificate chain", ErrorKind::kPermission},
      {2026, "TLS/SSL error: wrong version number", ErrorKind::kProtocol},
  };
  for (const Row& row : rows)
    EXPECT_EQ(row.kind, MariadbErrorKind(row.number, row.message)) << row.number;
  EXPECT_EQ(1040u, MariadbErrorNumber(2002, "cannot be verified: 1040 - Too many connections"));
  EXPECT_EQ(1045u, MariadbErrorNumber(1045, "'be verified: 1'"));
}

std::string MariadbPacket(char sequence, const std::string& payload) {
  const auto length = static_cast<char>(payload.size());
  return std::string{length, 0, 0, sequence} + payload;
}

// Whether the client has to wait for the greeting, or for the answer to its login first, is a
// matter of who is faster.
TEST(MariadbClient, ADeniedLoginIsDeniedHoweverFastTheServerIs) {
  using namespace std::string_literals;
  const std::string greeting =
      MariadbPacket(0, "\x0a"s + "10.11.6-MariaDB\0\1\0\0\0saltsalt\0\x01\xa2\x21\2\0\x08\0\x15"s +
                           std::string(10, '\0') + "saltsaltsalt\0mysql_native_password\0"s);
  const std::string denied = MariadbPacket(2, "\xff\x15\x04#28000Access denied"s);
  const FaultServer server([&](const FaultServer::Connection& c) {
    c.Send(greeting);
    if (!c.Receive().empty()) c.Send(denied);
  });
  for (int i = 0; i < 300; ++i) {
    MariadbClient client({.address = server.address(), .user = "u"});
    const auto table = client.Query("SELECT 1", Deadline::After(5s));
    ASSERT_FALSE(table);
    ASSERT_EQ(ErrorKind::kPermission, table.error().kind) << table.error().message << " at " << i;
  }
}

// The library takes the name for its default socket, whatever the port. Frappe 13 to 15 do not.
TEST(MariadbClient, ReachesLocalhostAtItsPort) {
  FaultServer server([](const FaultServer::Connection& c) { c.HangUntilStopped(); });
  Address address = server.address();
  address.host = "localhost";
  MariadbClient client({.address = address, .user = "u"});
  const auto table = client.Query("SELECT 1", Deadline::After(200ms));
  ASSERT_FALSE(table);
  EXPECT_EQ(ErrorKind::kTimeout, table.error().kind) << table.error().message;
}

// A server that accepts and is silent: each session is a connection that lasts.
class MariadbSessionsTest : public testing::Test {
 protected:
  std::jthread Ask(std::chrono::milliseconds time) {
    return std::jthread(
        [this, time] { (void)sessions_.Query("SELECT 1", Deadline::After(time)).has_value(); });
  }
  void ExpectBusy(const Result<MariadbTable>& table) {
    ASSERT_FALSE(table);
    EXPECT_EQ(ErrorKind::kTimeout, table.error().kind);
    EXPECT_THAT(table.error().message, testing::HasSubstr("busy with other statements of ours"));
  }

  std::atomic<int> connections_ = 0;
  FaultServer server_{[this](const FaultServer::Connection& c) {
    ++connections_;
    connections_.notify_all();
    c.HangUntilStopped();
  }};
  MariadbSessions sessions_{{.address = server_.address(), .user = "u"}};
};

TEST_F(MariadbSessionsTest, ASlowStatementKeepsNoneThatReadsMemoryFromTheServer) {
  const auto slow = Ask(500ms);
  connections_.wait(0);
  ExpectBusy(sessions_.Query("SELECT 1", Deadline::After(20ms)));
  EXPECT_EQ(1, connections_);
  const auto table = sessions_.QueryMemory("SHOW GLOBAL STATUS", Deadline::After(100ms));
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().message, testing::Not(testing::HasSubstr("busy with")));
  EXPECT_EQ(2, connections_);
}

TEST_F(MariadbSessionsTest, WhatFailedForTheOneLineIsNoReasonForTheOtherToPause) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(sessions_.Query("SELECT 1", Deadline::After(20ms)));
  }
  const int before = connections_;
  EXPECT_FALSE(sessions_.QueryMemory("SHOW GLOBAL STATUS", Deadline::After(100ms)));
  EXPECT_EQ(before + 1, connections_);
}

TEST_F(MariadbSessionsTest, AreAtMostTwo) {
  const auto slow = Ask(500ms);
  connections_.wait(0);
  const std::jthread memory([this] {
    (void)sessions_.QueryMemory("SHOW GLOBAL STATUS", Deadline::After(2s)).has_value();
  });
  connections_.wait(1);
  ExpectBusy(sessions_.Query("SELECT 1", Deadline::After(20ms)));
  ExpectBusy(sessions_.QueryMemory("SELECT 1", Deadline::After(20ms)));
  EXPECT_EQ(2, connections_);
}

TEST_F(MariadbSessionsTest, WhoHasNoTimeLeftLetsTheNextGoOn) {
  const auto slow = Ask(200ms);
  connections_.wait(0);
  const std::jthread patient([this] {
    const auto table = sessions_.Query("SELECT 1", Deadline::After(5s));
    ASSERT_FALSE(table);
    EXPECT_THAT(table.error().message, testing::Not(testing::HasSubstr("busy with")));
  });
  for (int i = 0; i < 5; ++i) ExpectBusy(sessions_.Query("SELECT 1", Deadline::After(10ms)));
}

TEST(HttpGet, ReadsStatusAndBody) {
  std::string request;
  FaultServer server([&](const FaultServer::Connection& c) {
    request = c.Receive();
    c.Send(
        "HTTP/1.1 503 SERVICE UNAVAILABLE\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
  });
  const auto response =
      HttpGet({.address = server.address(), .host = "a.example.com", .path = "/api/method/ping"},
              Deadline::After(5s));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(503, response->status);
  EXPECT_EQ("body", response->body);
  EXPECT_TRUE(request.starts_with("GET /api/method/ping HTTP/1.1\r\n"));
  EXPECT_NE(std::string::npos, request.find("Host: a.example.com\r\n"));
}

TEST(HttpGet, AHostThatWouldAddAHeaderIsNotSent) {
  FaultServer server(FaultServer::Hangs());
  for (const char* host : {"a\r\nX-Other: 1", "a b", "a\x7F"}) {
    const auto response =
        HttpGet({.address = server.address(), .host = host}, Deadline::After(100ms));
    ASSERT_FALSE(response);
    EXPECT_EQ(ErrorKind::kMalformed, response.error().kind);
  }
}

TEST(HttpGet, DoesNotFollowRedirects) {
  FaultServer server(
      FaultServer::Answers("HTTP/1.1 302 Found\r\nLocation: "
                           "http://127.0.0.1:99999999999/\r\nContent-Length: 0\r\n\r\n"));
  const auto response = HttpGet({.address = server.address(), .host = "h"}, Deadline::After(5s));
  ASSERT_TRUE(response);
  EXPECT_EQ(302, response->status);
}

TEST(HttpGet, AClosedConnectionIsNoOtherProtocol) {
  struct Row {
    const char* answer;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"", ErrorKind::kUnavailable},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first part", ErrorKind::kUnavailable},
      {"SSH-2.0-OpenSSH_9.2\r\n", ErrorKind::kProtocol},
  };
  for (const Row& row : rows) {
    const FaultServer server([&](const FaultServer::Connection& c) {
      c.Receive();
      c.Send(row.answer);
    });
    const auto response = HttpGet({.address = server.address(), .host = "h"}, Deadline::After(5s));
    ASSERT_FALSE(response);
    EXPECT_EQ(row.kind, response.error().kind) << row.answer;
  }
}

TEST(HttpGet, AHugeBodyIsALimit) {
  FaultServer server([](const FaultServer::Connection& c) {
    c.Receive();
    c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const std::string block(1U << 20, 'x');
    while (c.Send(block)) {
    }
  });
  const auto response = HttpGet({.address = server.address(), .host = "h"}, Deadline::After(5s));
  ASSERT_FALSE(response);
  EXPECT_EQ(ErrorKind::kLimit, response.error().kind);
}

}  // namespace
}  // namespace erpnext
