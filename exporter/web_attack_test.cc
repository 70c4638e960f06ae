// SPDX-License-Identifier: Apache-2.0
// How the web server treats clients that are slow, huge, many or malformed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <list>
#include <random>

#include "core/testing/temp_folder.h"
#include "exporter/testing/http_client.h"
#include "exporter/web_server.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kMiB = std::size_t{1} << 20;

// What a sanitizer has of its own: that for addresses keeps what was freed for a while, that for
// threads takes notes on all that is in use.
#if defined(ERPNEXT_EXPORTER_ASAN)
constexpr std::size_t kOverhead = 256 * kMiB;
#elif defined(ERPNEXT_EXPORTER_TSAN)
constexpr std::size_t kOverhead = 320 * kMiB;
#else
constexpr std::size_t kOverhead = 0;
#endif

std::size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// What a scrape may take beside an attack: much more than it does, for slow machines that run the
// tests with sanitizers, and less than a server is held by an attack that succeeds.
constexpr auto kSoon = 3s;

class WebAttackTest : public testing::Test {
 protected:
  explicit WebAttackTest(WebLimits limits = {})
      : server_(
            {{"/metrics", {"GET"}, [](const WebRequest&) { return WebResponse{.body = "m 1\n"}; }},
             {"/-/reload", {"POST"}, [](const WebRequest&) { return WebResponse{}; }},
             {"/large",
              {"GET"},
              [](const WebRequest&) { return WebResponse{.body = std::string(8 * kMiB, 'x')}; }}},
            limits) {
    bound_ = server_.Listen("127.0.0.1:0").value();
    server_.Start();
    ExpectScrape("before");
  }

  void ExpectScrape(const std::string& when) {
    const auto start = Deadline::Clock::now();
    const HttpAnswer answer = HttpGetPath(bound_, "/metrics");
    EXPECT_EQ(200, answer.status) << when;
    EXPECT_EQ("m 1\n", answer.body) << when;
    EXPECT_LT(Deadline::Clock::now() - start, kSoon) << when;
  }

  // Sends `piece` again and again until the server ends it; returns the bytes that went out.
  static std::size_t SendUpTo(TestHttpClient& client, std::size_t bytes, std::string_view piece) {
    std::size_t sent = 0;
    while (sent < bytes && client.Send(piece)) sent += piece.size();
    return sent;
  }

  // Sends a beginning and then 300 MiB, and expects that the server takes little of it.
  void ExpectCut(const std::string& begin, std::string_view piece) {
    const std::size_t before = ResidentBytes();
    std::size_t most = before;
    TestHttpClient client(bound_);
    ASSERT_TRUE(client.Send(begin));
    std::size_t sent = 0;
    while (sent < 300 * kMiB && client.Send(piece)) {
      sent += piece.size();
      most = std::max(most, ResidentBytes());
    }
    EXPECT_LT(sent, 100 * kMiB);
    EXPECT_LT(most - before, 32 * kMiB + kOverhead);
    ExpectScrape("after");
  }

  HttpAnswer Ask(const std::string& text) { return HttpAsk(bound_, text); }

  WebServer server_;
  std::string bound_;
};

TEST_F(WebAttackTest, ALineWithoutEndIsCut) {
  EXPECT_EQ(414, Ask("GET /" + std::string(16U << 10, 'a')).status);
  ExpectCut("GET /", std::string(kMiB, 'a'));
}

TEST_F(WebAttackTest, HeadersWithoutEndAreCut) {
  std::string headers;
  for (int i = 0; i < 2'000; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(431, Ask("GET /metrics HTTP/1.1\r\nHost: h\r\n" + headers).status);
  ExpectCut("GET /metrics HTTP/1.1\r\nHost: h\r\n", headers);  // 200 000 of them and more
}

TEST_F(WebAttackTest, AsManyHeadersAsFitAreServed) {
  std::string headers;
  for (int i = 0; i < 3'000; ++i) headers += "a:b\r\n";
  EXPECT_EQ(200, Ask("GET /metrics HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n").status);
}

TEST_F(WebAttackTest, BodiesAreRefusedAndNotRead) {
  const struct {
    const char* name;
    const char* headers;
    int status;
  } rows[] = {
      {"a long body", "Content-Length: 314572800\r\n", 413},
      {"a body longer than there are bytes", "Content-Length: 9223372036854775807\r\n", 413},
      {"a negative length", "Content-Length: -5\r\n", 400},
      {"chunks", "Transfer-Encoding: chunked\r\n", 413},
      {"chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400},
      {"a client that asks first", "Content-Length: 10\r\nExpect: 100-continue\r\n", 413},
  };
  for (const auto& row : rows) {
    for (const char* line : {"GET /metrics", "POST /-/reload", "POST /metrics", "PUT /none"}) {
      TestHttpClient client(bound_);
      client.Send(std::string(line) + " HTTP/1.1\r\nHost: h\r\n" + row.headers +
                  "\r\n4\r\nbody\r\nGET /metrics HTTP/1.1\r\nHost: smuggled\r\n\r\n");
      EXPECT_EQ(row.status, client.Read().status) << row.name << ", " << line;
      EXPECT_EQ(0, client.Read().status) << row.name << ": the body was taken for a request";
    }
  }
  ExpectCut("POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 314572800\r\n\r\n",
            std::string(kMiB, 'x'));
  ExpectCut("POST /-/reload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
            "100000\r\n" + std::string(kMiB, 'x') + "\r\n");
}

TEST_F(WebAttackTest, ACompressedBodyIsNotUnpacked) {
  const std::string zeros(64 * kMiB, '\0');
  uLongf size = compressBound(zeros.size());
  std::string bomb(size, '\0');
  compress(reinterpret_cast<Bytef*>(bomb.data()), &size,
           reinterpret_cast<const Bytef*>(zeros.data()), zeros.size());
  bomb.resize(size);
  const std::size_t before = ResidentBytes();
  EXPECT_EQ(415, Ask("POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Encoding: deflate\r\n"
                     "Content-Length: " +
                     std::to_string(bomb.size()) + "\r\n\r\n" + bomb)
                     .status);
  EXPECT_LT(ResidentBytes(), before + 32 * kMiB + kOverhead);
}

TEST_F(WebAttackTest, ManyRangesDoNotMultiplyTheAnswer) {
  std::string ranges = "0-";
  for (int i = 0; i < 1'500; ++i) ranges += ",0-";
  const std::size_t before = ResidentBytes();
  const HttpAnswer answer =
      Ask("GET /large HTTP/1.1\r\nHost: h\r\nRange: bytes=" + ranges + "\r\n\r\n");
  EXPECT_EQ(200, answer.status);
  EXPECT_EQ(8 * kMiB, answer.body.size());
  EXPECT_LT(ResidentBytes(), before + 64 * kMiB + kOverhead);
}

TEST_F(WebAttackTest, MalformedRequestsAreRefusedAndTheConnectionClosed) {
  const std::string nul(1, '\0');
  const std::string requests[] = {
      "\r\n\r\n\r\n\r\n",
      nul + nul + nul + "\r\n\r\n",
      "GET /metrics" + nul + " HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: h\r\nX: " + nul + "\r\n\r\n",
      "GET /metrics HTTP/1.1\r\n\r\n",
      "GET /metrics HTTP/2.0\r\nHost: h\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET /metrics HTTP/1.1\nHost: h\n\nGET / HTTP/1.1\r\n\r\n",
      "GET  /metrics HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
  };
  for (const std::string& request : requests) {
    TestHttpClient client(bound_);
    client.Send(request);
    EXPECT_THAT(client.Read().status, AnyOf(400, 505)) << testing::PrintToString(request);
    EXPECT_TRUE(client.WaitUntilClosed());
  }
}

TEST_F(WebAttackTest, NoiseDoesNoHarm) {
  std::mt19937 random(20'261'125);  // NOLINT: the same noise each time
  for (int i = 0; i < 300; ++i) {
    std::string noise;
    for (std::size_t length = random() % 3'000; noise.size() < length;) {
      noise += static_cast<char>(random());
      if (random() % 16 == 0) noise += "\r\n";
    }
    TestHttpClient client(bound_);
    client.Send(noise + "\r\n\r\n");
    client.EndSending();
    EXPECT_TRUE(client.WaitUntilClosed());
  }
  ExpectScrape("after noise");
}

// Connections that never say enough. Some of them reach the server's own bound on connections.
class IdleTest : public WebAttackTest {
 protected:
  static constexpr std::size_t kMany = 1'000;

  explicit IdleTest(WebLimits limits = {}) : WebAttackTest(limits) {
    // Both ends of a connection are in this process.
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8'192);
    setrlimit(RLIMIT_NOFILE, &limit);
  }

  void Open(std::size_t count, std::string_view begin) {
    for (std::size_t i = 0; i < count; ++i) clients_.emplace_back(bound_).Send(begin);
  }

  std::list<TestHttpClient> clients_;
};

TEST_F(IdleTest, TwoHundredSilentConnections) {
  Open(200, "");
  for (int i = 0; i < 20; ++i) ExpectScrape("beside silent connections");
}

TEST_F(IdleTest, TwoHundredHalfRequests) {
  Open(200, "GET /metrics HTTP/1.1\r\nHost: h\r\nX: ");
  for (int i = 0; i < 20; ++i) {
    for (TestHttpClient& client : clients_) client.Send("x");
    ExpectScrape("beside dripping connections");
  }
}

TEST_F(IdleTest, AThousandConnectionsAreBoundedInNumberAndMemory) {
  const std::size_t before = ResidentBytes();
  Open(kMany, "GET /metrics HTTP/1.1\r\nHost: h\r\nX: " + std::string(12'000, 'x'));
  for (int i = 0; i < 20; ++i) ExpectScrape("beside a thousand connections");
  // The oldest had to go, and was not told why; the youngest are still there.
  EXPECT_EQ(0, clients_.front().Read().status);
  EXPECT_LT(ResidentBytes(), before + 64 * kMiB + kOverhead);
}

TEST_F(IdleTest, SixtyReadersThatDoNotReadShareABoundOfMemory) {
  mallopt(M_MMAP_THRESHOLD, 128 << 10);  // as the daemon has it: what is freed is given back
  const std::size_t before = ResidentBytes();
  std::size_t most = before;
  for (int i = 0; i < 60; ++i) {
    Open(1, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(clients_.back().WaitInput(10s));  // its answer is made, and sent as far as it goes
    if (i % 5 == 0) ExpectScrape("beside connections that do not read");
    most = std::max(most, ResidentBytes());
  }
  EXPECT_LT(clients_.front().Read().body.size(), 8 * kMiB);  // gave way to the others
  EXPECT_LT(most - before, 160 * kMiB + kOverhead);          // 480 MiB are asked for
}

// Takes all free descriptors but one, until its end.
class FewDescriptors {
 public:
  FewDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{256, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    for (UniqueFd fd(dup(0)); fd.valid(); fd = UniqueFd(dup(0))) taken_.push_back(std::move(fd));
    taken_.pop_back();
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<UniqueFd> taken_;
};

TEST(WebAttackDescriptors, WhenTheyRunOutTheOldestConnectionGivesWay) {
  WebServer server({{"/", {"GET"}, [](const WebRequest&) { return WebResponse{}; }}});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  TestHttpClient oldest(bound);
  oldest.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(200, oldest.Read().status);  // the server has it

  const FewDescriptors few;  // one for this end of the next connection, none for the other
  TestHttpClient next(bound);
  for (int i = 0; i < 3; ++i) {
    next.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(200, next.Read().status);
  }
  EXPECT_TRUE(oldest.WaitInput(0ms));
}

class QuickTest : public WebAttackTest {
 protected:
  QuickTest()
      : WebAttackTest({.first_byte = 100ms, .keep_alive = 100ms, .head = 300ms, .answer = 300ms}) {}
};

TEST_F(QuickTest, SilentConnectionsAreClosed) {
  TestHttpClient silent(bound_);
  EXPECT_EQ(0, silent.Read().status);
  TestHttpClient kept(bound_);
  kept.Send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(200, kept.Read().status);
  EXPECT_EQ(0, kept.Read().status);
}

TEST_F(QuickTest, DrippingDoesNotMoveTheDeadline) {
  TestHttpClient client(bound_);
  client.Send("GET /metrics HTTP/1.1\r\nX: ");
  const auto start = Deadline::Clock::now();
  // A byte whenever nothing has come from the server for a moment.
  while (client.Send("x") && !client.WaitInput(20ms)) {
    ASSERT_LT(Deadline::Clock::now() - start, 8s);
  }
  EXPECT_EQ(408, client.Read().status);
  EXPECT_TRUE(client.WaitUntilClosed());
}

TEST_F(QuickTest, AReaderThatDoesNotReadIsClosed) {
  TestHttpClient client(bound_);
  client.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(client.WaitGone(8s));
  EXPECT_LT(client.Read().body.size(), 8 * kMiB);
}

TEST(WebAttackUnix, TheSameHoldsForUnixSockets) {
  const TempFolder folder;
  WebServer server({{"/metrics", {"GET"}, [](const WebRequest&) {
                       return WebResponse{.body = std::string(kMiB, 'm')};
                     }}});
  const std::string bound = server.Listen("unix:" + folder.path("s")).value();
  server.Start();
  std::list<TestHttpClient> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(bound).Send("GET /metrics HTTP/1.1\r\nX");
  EXPECT_EQ(kMiB, HttpGetPath(bound, "/metrics").body.size());
  TestHttpClient half(bound);
  half.Send("GET /metrics HTTP/1.0\r\n\r\n");
  half.EndSending();
  EXPECT_EQ(kMiB, half.Read().body.size());
  EXPECT_EQ(414, HttpAsk(bound, "GET /" + std::string(16U << 10, 'a')).status);
}

}  // namespace
}  // namespace erpnext
