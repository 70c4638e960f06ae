// SPDX-License-Identifier: Apache-2.0
// How the web server treats honest clients.
#include "exporter/web_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "core/testing/temp_folder.h"
#include "exporter/testing/http_client.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// Tells what it was asked, one line per fact.
WebResponse Echo(const WebRequest& request) {
  WebResponse response;
  response.body = request.method + " " + request.path + "\n";
  for (const auto& [name, value] : request.query) response.body += "?" + name + "=" + value + "\n";
  for (const auto& [name, value] : request.headers) response.body += name + ": " + value + "\n";
  response.headers = {{"X-Joined", request.Header("accept")}, {"X-None", request.Header("none")}};
  return response;
}

std::vector<WebRoute> Routes() {
  return {
      {"/echo", {"GET"}, Echo},
      {"/-/reload", {"POST", "PUT"}, Echo},
      {"/throws",
       {"GET"},
       [](const WebRequest&) -> WebResponse { throw std::runtime_error("password=hunter2"); }},
      {"/throws-no-exception", {"GET"}, [](const WebRequest&) -> WebResponse { throw 7; }},
      {"/own-headers",
       {"GET"},
       [](const WebRequest&) {
         return WebResponse{.status = 418,
                            .content_type = "text/html",
                            .headers = {{"Cache-Control", "max-age=5"}, {"X-Bad", "a\r\nEvil: 1"}},
                            .body = "teapot"};
       }},
      {"/nothing", {"GET"}, [](const WebRequest&) { return WebResponse{}; }},
      {"/large",
       {"GET"},
       [](const WebRequest&) { return WebResponse{.body = std::string(5'000'000, 'x')}; }},
  };
}

class WebServerTest : public testing::Test {
 protected:
  explicit WebServerTest(WebLimits limits = {}) : server_(Routes(), limits) {
    bound_ = server_.Listen("127.0.0.1:0").value();
    server_.Start();
  }
  HttpAnswer Get(const std::string& path) { return HttpGetPath(bound_, path); }
  HttpAnswer Ask(const std::string& line, const std::string& headers = "") {
    return HttpAsk(bound_, line + "\r\nHost: h\r\n" + headers + "\r\n");
  }

  WebServer server_;
  std::string bound_;
};

TEST_F(WebServerTest, AnswersAGet) {
  const HttpAnswer answer = Get("/own-headers");
  EXPECT_EQ(418, answer.status);
  EXPECT_EQ("teapot", answer.body);
  EXPECT_EQ("text/html", answer.headers.at("content-type"));
  EXPECT_EQ("6", answer.headers.at("content-length"));
}

TEST_F(WebServerTest, EveryAnswerHasTheHeadersOfSafety) {
  for (const char* line : {"GET /echo HTTP/1.1", "GET /none HTTP/1.1", "POST /echo HTTP/1.1",
                           "GET /throws HTTP/1.1", "GET / HTTP/3", "nonsense"}) {
    const HttpAnswer answer = Ask(line);
    EXPECT_EQ("nosniff", answer.headers.at("x-content-type-options")) << line;
    EXPECT_EQ("no-store", answer.headers.at("cache-control")) << line;
    EXPECT_THAT(answer.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
    EXPECT_EQ("none", answer.headers.at("accept-ranges")) << line;
    EXPECT_THAT(answer.headers.at("date"),
                MatchesRegex("[A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] "
                             "[0-9][0-9]:[0-9][0-9]:[0-9][0-9] GMT"));
    EXPECT_EQ(0u, answer.headers.count("server")) << line;
  }
}

TEST_F(WebServerTest, AHandlerMaySetHeadersButNotSplitThem) {
  const HttpAnswer answer = Get("/own-headers");
  EXPECT_EQ("max-age=5", answer.headers.at("cache-control"));
  EXPECT_EQ(0u, answer.headers.count("evil"));
}

TEST_F(WebServerTest, HandlersSeeTheQueryDecoded) {
  const std::string body = Get("/echo?collect[]=a&collect%5B%5D=b+c&x=%3F%26&flag&q=?").body;
  EXPECT_THAT(body, HasSubstr("?collect[]=a\n"));
  EXPECT_THAT(body, HasSubstr("?collect[]=b c\n"));
  EXPECT_THAT(body, HasSubstr("?x=?&\n"));
  EXPECT_THAT(body, HasSubstr("?flag=\n"));
  EXPECT_THAT(body, HasSubstr("?q=?\n"));
}

TEST_F(WebServerTest, HandlersSeeHeadersAsTheyWereSent) {
  const HttpAnswer answer = Ask("GET /echo HTTP/1.1",
                                "Accept: a\r\nREMOTE_ADDR: 6.6.6.6\r\nLocal_Port: 1\r\n"
                                "Accept-Encoding: gzip\r\naccept: b\r\nX: 1%0d%0aY: 2\r\n");
  EXPECT_EQ("a, b", answer.headers.at("x-joined"));
  EXPECT_EQ("", answer.headers.at("x-none"));
  EXPECT_THAT(answer.body, HasSubstr("Accept-Encoding: gzip\n"));
  EXPECT_THAT(answer.body, HasSubstr("X: 1%0d%0aY: 2\n"));
  EXPECT_THAT(ToLower(answer.body), Not(HasSubstr("remote_")));
  EXPECT_THAT(ToLower(answer.body), Not(HasSubstr("local_")));
  EXPECT_EQ(0u, answer.headers.count("content-encoding"));  // the handler's affair
}

TEST_F(WebServerTest, HeadIsAGetWithoutTheBody) {
  TestHttpClient client(bound_);
  client.Send("HEAD /own-headers HTTP/1.1\r\nHost: h\r\n\r\n");
  const HttpAnswer head = client.Read(/*with_body=*/false);
  EXPECT_EQ(418, head.status);
  EXPECT_EQ("6", head.headers.at("content-length"));
  client.Send("GET /own-headers HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ("teapot", client.Read().body);  // directly behind the head
}

TEST_F(WebServerTest, OtherMethodsAre405) {
  for (const char* method :
       {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "BREW", "get", "PRI"}) {
    const HttpAnswer answer = Ask(std::string(method) + " /echo HTTP/1.1");
    EXPECT_EQ(405, answer.status) << method;
    EXPECT_EQ("GET, HEAD", answer.headers.at("allow")) << method;
  }
  const HttpAnswer answer = Ask("GET /-/reload HTTP/1.1");
  EXPECT_EQ(405, answer.status);
  EXPECT_EQ("POST, PUT", answer.headers.at("allow"));
}

TEST_F(WebServerTest, APostHasNoBody) {
  EXPECT_EQ("POST", Ask("POST /-/reload HTTP/1.1").body.substr(0, 4));
  EXPECT_EQ(200, Ask("POST /-/reload HTTP/1.1", "Content-Length: 0\r\n").status);
  EXPECT_EQ(413, Ask("POST /-/reload HTTP/1.1", "Content-Length: 1\r\n").status);
}

TEST_F(WebServerTest, PathsAreExact) {
  for (const char* path : {"/", "/ech", "/echo/", "/Echo", "//echo", "/./echo", "/x/../echo",
                           "/../../etc/passwd", "/%2e%2e/etc/passwd", "/echo%00", "/echo%0a"}) {
    EXPECT_EQ(404, Get(path).status) << path;
  }
  EXPECT_EQ(200, Get("/%65cho").status);  // another way to write the same
  EXPECT_EQ(200, Get("http://other/echo").status);
}

TEST_F(WebServerTest, AnExceptionIsA500WithoutItsText) {
  for (const char* path : {"/throws", "/throws-no-exception"}) {
    TestHttpClient client(bound_);
    client.Send(std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(500, answer.status);
    EXPECT_EQ("internal error\n", answer.body);
    for (const auto& [name, value] : answer.headers) EXPECT_THAT(value, Not(HasSubstr("hunter2")));
  }
}

TEST_F(WebServerTest, AnEmptyBodyHasALength) {
  const HttpAnswer answer = Get("/nothing");
  EXPECT_EQ(200, answer.status);
  EXPECT_EQ("0", answer.headers.at("content-length"));
}

TEST_F(WebServerTest, RangesAreNotServed) {
  std::string many = "bytes=0-";
  for (int i = 0; i < 1'500; ++i) many += ",0-";
  for (const std::string& range : {std::string("bytes=0-9"), many, std::string("nonsense")}) {
    const HttpAnswer answer = Ask("GET /large HTTP/1.1", "Range: " + range + "\r\n");
    EXPECT_EQ(200, answer.status);
    EXPECT_EQ(5'000'000u, answer.body.size());
  }
}

TEST_F(WebServerTest, ConnectionsAreKept) {
  TestHttpClient client(bound_);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.Send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"));
    const HttpAnswer answer = client.Read();
    ASSERT_EQ(200, answer.status);
    ASSERT_EQ("keep-alive", answer.headers.at("connection"));
  }
  client.Send("GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ("close", client.Read().headers.at("connection"));
  EXPECT_TRUE(client.WaitUntilClosed());
}

TEST_F(WebServerTest, Http10ClosesUnlessAskedNotTo) {
  TestHttpClient once(bound_);
  once.Send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_EQ("close", once.Read().headers.at("connection"));
  EXPECT_TRUE(once.WaitUntilClosed());

  TestHttpClient kept(bound_);
  for (int i = 0; i < 3; ++i) {
    kept.Send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ("keep-alive", kept.Read().headers.at("connection"));
  }
}

TEST_F(WebServerTest, PipelinedRequestsAreAllAnsweredInOrder) {
  TestHttpClient client(bound_);
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += "GET /echo?" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  client.Send(requests);
  client.EndSending();
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(client.Read().body, HasSubstr("?" + std::to_string(i) + "=\n"));
  }
  EXPECT_TRUE(client.WaitUntilClosed());
}

TEST_F(WebServerTest, AClientThatHasEndedSendingIsAnswered) {
  TestHttpClient client(bound_);
  client.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  client.EndSending();
  EXPECT_EQ(5'000'000u, client.Read().body.size());
  EXPECT_TRUE(client.WaitUntilClosed());
}

TEST_F(WebServerTest, AnEmptyLineBeforeARequestIsIgnored) {
  EXPECT_EQ(200, HttpAsk(bound_, "\r\nGET /echo HTTP/1.1\r\nHost: h\r\n\r\n").status);
}

TEST_F(WebServerTest, ARequestMayComeByteByByte) {
  TestHttpClient client(bound_);
  for (char c : std::string_view("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")) {
    ASSERT_TRUE(client.Send({&c, 1}));
  }
  EXPECT_EQ(200, client.Read().status);
}

TEST(WebServer, ListensAtSeveralAddresses) {
  const TempFolder folder;
  const std::string path = folder.path("web.sock");
  WebServer server(Routes());
  const std::vector<std::string> bound = {
      server.Listen("127.0.0.1:0").value(), server.Listen("localhost:0").value(),
      server.Listen(":0").value(), server.Listen("unix:" + path).value()};
  server.Start();
  for (const std::string& address : bound) {
    const std::string to =
        address.starts_with("[::]") ? "127.0.0.1" + address.substr(address.rfind(':')) : address;
    EXPECT_EQ(200, HttpGetPath(to, "/echo").status) << address;
  }
  server.Stop(Deadline::After(10s));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(WebServer, ASecondOneOnThePortIsAnError) {
  WebServer first(Routes());
  const std::string bound = first.Listen("127.0.0.1:0").value();
  first.Start();
  WebServer second(Routes());
  const auto result = second.Listen(bound);
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, HasSubstr(bound));
  EXPECT_THAT(result.error().message, HasSubstr("--web.listen-address"));
}

// A handler that waits to be released.
class Gate {
 public:
  WebRoute Route(const std::string& path = "/waits") {
    return {path, {"GET"}, [this](const WebRequest&) {
              ++inside_;
              released_.wait();
              return WebResponse{.body = "released"};
            }};
  }
  void WaitForInside(int count) {
    while (inside_ < count) std::this_thread::yield();
  }
  void Release() { release_.set_value(); }

 private:
  std::atomic<int> inside_ = 0;
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
};

std::string Request(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

TEST(WebServerStop, RunningRequestsMayEnd) {
  Gate gate;
  WebServer server({gate.Route()});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  TestHttpClient idle(bound);
  TestHttpClient running(bound);
  running.Send(Request("/waits"));
  gate.WaitForInside(1);
  std::thread stopper([&] { server.Stop(Deadline::After(20s)); });
  EXPECT_TRUE(idle.WaitUntilClosed());
  const auto address = ParseListenAddress(bound).value();
  while (Channel::Connect(address, Deadline::After(1s))) {
  }
  gate.Release();
  EXPECT_EQ("released", running.Read().body);
  EXPECT_TRUE(running.WaitUntilClosed());
  stopper.join();
}

TEST(WebServerStop, ItsDeadlineHoldsWhateverHangs) {
  Gate gate;
  WebServer server({gate.Route()});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  TestHttpClient client(bound);
  client.Send(Request("/waits"));
  gate.WaitForInside(1);
  server.Stop(Deadline::After(50ms));
  EXPECT_EQ(0, client.Read().status);
  gate.Release();  // the server's end waits for the handler
}

TEST(WebServerStop, BeforeTheStartToo) {
  const TempFolder folder;
  {
    WebServer server({});
    ASSERT_TRUE(server.Listen("unix:" + folder.path("s")).has_value());
    server.Stop(Deadline::After(1s));
    EXPECT_FALSE(std::filesystem::exists(folder.path("s")));
    server.Stop(Deadline::After(1s));
  }
}

TEST(WebServerLimits, ARouteRunsOnlySoOftenAtOnce) {
  Gate gate;
  WebServer server({gate.Route(), {"/other", {"GET"}, Echo}}, {.max_requests = 2});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  TestHttpClient one(bound);
  TestHttpClient two(bound);
  one.Send(Request("/waits"));
  two.Send(Request("/waits"));
  gate.WaitForInside(2);
  const HttpAnswer third = HttpGetPath(bound, "/waits");
  EXPECT_EQ(503, third.status);
  EXPECT_EQ("1", third.headers.at("retry-after"));
  EXPECT_EQ(200, HttpGetPath(bound, "/other").status);
  gate.Release();
  EXPECT_EQ("released", one.Read().body);
  EXPECT_EQ("released", two.Read().body);
  EXPECT_EQ(200, HttpGetPath(bound, "/waits").status);
}

TEST(WebServerLimits, RequestsWaitForAThreadOnlyInSmallNumber) {
  Gate gate;
  WebServer server({gate.Route()}, {.threads = 1, .queue = 1});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  TestHttpClient runs(bound);
  runs.Send(Request("/waits"));
  gate.WaitForInside(1);
  TestHttpClient waits(bound);
  waits.Send(Request("/waits"));
  // Which of the two waits and which is refused depends on who comes first.
  TestHttpClient other(bound);
  other.Send(Request("/waits"));
  while (!waits.WaitInput() && !other.WaitInput()) std::this_thread::yield();
  gate.Release();
  EXPECT_EQ(200, runs.Read().status);
  std::set<int> statuses;
  for (TestHttpClient* each : {&waits, &other}) {
    const HttpAnswer answer = each->Read();
    statuses.insert(answer.status);
    EXPECT_EQ(answer.status == 503 ? 1u : 0u, answer.headers.count("retry-after"));
  }
  EXPECT_EQ((std::set<int>{200, 503}), statuses);
}

TEST(WebServerLimits, AnAnswerThatTakesTooLongIsA503) {
  Gate gate;
  WebServer server({gate.Route()}, {.answer = 50ms});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  TestHttpClient client(bound);
  client.Send(Request("/waits"));
  EXPECT_EQ(503, client.Read().status);
  EXPECT_TRUE(client.WaitUntilClosed());
  gate.Release();
}

TEST(WebServerLimits, AConnectionServesOnlySoManyRequests) {
  WebServer server(Routes(), {.requests_per_connection = 3});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  TestHttpClient client(bound);
  for (const char* expected : {"keep-alive", "keep-alive", "close"}) {
    client.Send(Request("/echo"));
    EXPECT_EQ(expected, client.Read().headers.at("connection"));
  }
  EXPECT_TRUE(client.WaitUntilClosed());
}

TEST(WebServerLimits, AClientThatGoesBeforeItsAnswerHarmsNobody) {
  Gate gate;
  WebServer server({gate.Route(), {"/other", {"GET"}, Echo}});
  const std::string bound = server.Listen("127.0.0.1:0").value();
  server.Start();
  for (int i = 0; i < 10; ++i) TestHttpClient(bound).Send(Request("/waits"));
  gate.WaitForInside(10);
  gate.Release();
  EXPECT_EQ(200, HttpGetPath(bound, "/other").status);
}

}  // namespace
}  // namespace erpnext
