// SPDX-License-Identifier: Apache-2.0
#include "collectors/uptime/ping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "collectors/testing/collect.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPong = R"({"message":"pong"})";

class SitePingTest : public testing::Test {
 protected:
  SitePingTest() {
    context_.http_get = [this](const HttpRequest& request, Deadline) -> Result<HttpResponse> {
      const std::lock_guard lock(mutex_);
      ++asked_[request.host];
      const auto found = answers_.find(request.host);
      return found != answers_.end() ? found->second : HttpResponse{200, kPong};
    };
  }

  Collected Run(Deadline deadline = Deadline::After(20s)) {
    if (!collector_) collector_ = kSitePingCollector.make(context_);
    return Collect(kSitePingCollector, *collector_, deadline);
  }
  static std::string Series(std::string_view family, std::string_view site) {
    return fmt::format(R"(erpnext_site_{}{{bench="b",site="{}"}})", family, site);
  }
  static std::string Reason(std::string_view site, std::string_view reason) {
    return fmt::format(R"(erpnext_site_ping_result_info{{bench="b",site="{}",reason="{}"}})", site,
                       reason);
  }

  CollectorContext context_;
  Bench bench_ = MakeBench("b");
  std::mutex mutex_;
  std::map<std::string, Result<HttpResponse>> answers_;
  std::map<std::string, int> asked_;
  std::unique_ptr<Collector> collector_;
};

TEST_F(SitePingTest, PublishesEachSite) {
  AddSite(bench_, "down.example.com");
  AddSite(bench_, "ok.example.com");
  AddSite(bench_, "updating.example.com", R"({"maintenance_mode": 1})");
  AddSite(bench_, "a copy", "{}");
  answers_["down.example.com"] = Fail(ErrorKind::kRefused, "x");
  answers_["updating.example.com"] = HttpResponse{503, "{}"};
  Publish(context_, {bench_});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  // The durations are real ones: the golden file holds the families without them.
  std::string text = collected.text;
  for (std::size_t at = 0; (at = text.find("ping_duration_seconds{", at)) != std::string::npos;) {
    const std::size_t value = text.find("} ", at) + 2;
    EXPECT_GE(std::stod(text.substr(value)), 0);
    text.replace(value, text.find('\n', value) - value, "SECONDS");
    at = value;
  }
  ExpectGolden("site_ping", text);
}

TEST_F(SitePingTest, SaysNothingWithoutSites) {
  for (const auto& benches : {std::vector<Bench>{}, {bench_}}) {
    Publish(context_, benches);
    const Collected collected = Run();
    EXPECT_TRUE(collected.status);
    EXPECT_EQ("", collected.text);
  }
}

TEST_F(SitePingTest, JudgesEveryAnswer) {
  struct {
    const char* name;
    Result<HttpResponse> answer;
    const char* config;
    const char *up, *reason;
  } const cases[] = {
      {"pong", HttpResponse{200, kPong}, "{}", "1", "ok"},
      {"version 2 of the interface", HttpResponse{200, R"({"data":"pong"})"}, "{}", "1", "ok"},
      {"another site", HttpResponse{200, "<html>Welcome"}, "{}", "0", "wrong_answer"},
      {"pong though in maintenance: cached", HttpResponse{200, kPong}, R"({"maintenance_mode": 1})",
       "1", "ok"},
      {"maintenance by configuration", HttpResponse{503, ""}, R"({"maintenance_mode": 1})", "0",
       "maintenance"},
      {"the text \"0\" is true for Frappe", HttpResponse{503, ""}, R"({"maintenance_mode": "0"})",
       "0", "maintenance"},
      {"maintenance by answer", HttpResponse{503, R"({"exc_type":"SessionStopped"})"}, "{}", "0",
       "maintenance"},
      {"overload", HttpResponse{503, "busy"}, R"({"maintenance_mode": 0})", "0", "server_error"},
      {"too many requests", HttpResponse{429, ""}, "{}", "1", "rate_limited"},
      {"unknown site", HttpResponse{404, ""}, "{}", "0", "not_found"},
      {"login wanted", HttpResponse{401, ""}, "{}", "0", "denied"},
      {"forbidden", HttpResponse{403, ""}, "{}", "0", "denied"},
      {"database gone", HttpResponse{500, ""}, "{}", "0", "server_error"},
      {"deadlock", HttpResponse{508, ""}, "{}", "0", "server_error"},
      {"no application behind the proxy", HttpResponse{502, ""}, "{}", "0", "gateway"},
      {"application too slow", HttpResponse{504, ""}, "{}", "0", "gateway"},
      {"redirected", HttpResponse{301, ""}, "{}", "0", "wrong_answer"},
      {"no method", HttpResponse{417, ""}, "{}", "0", "wrong_answer"},
      {"nobody listens", Fail(ErrorKind::kRefused, "x"), "{}", "0", "refused"},
      {"no such host", Fail(ErrorKind::kUnavailable, "x"), "{}", "0", "down"},
      {"too slow", Fail(ErrorKind::kTimeout, "x"), "{}", "0", "timeout"},
      {"bad certificate", Fail(ErrorKind::kPermission, "x"), "{}", "0", "tls"},
      {"no HTTP", Fail(ErrorKind::kProtocol, "x"), "{}", "0", "protocol"},
      {"a gigabyte", Fail(ErrorKind::kLimit, "x"), "{}", "0", "protocol"},
      {"binary", HttpResponse{200, std::string("\x00\xFF", 2)}, "{}", "0", "wrong_answer"},
  };
  for (const auto& test : cases) {
    answers_.insert_or_assign("s", test.answer);
    Bench bench = bench_;
    AddSite(bench, "s", test.config);
    Publish(context_, {bench});
    const Collected collected = Run();
    EXPECT_TRUE(collected.status) << test.name;  // that a site is down is a reading
    EXPECT_EQ(test.up, collected.Value(Series("up", "s"))) << test.name;
    EXPECT_EQ("1", collected.Value(Reason("s", test.reason))) << test.name;
    EXPECT_EQ(test.answer ? std::to_string(test.answer->status) : "absent",
              collected.Value(Series("ping_status_code", "s")))
        << test.name;
  }
}

TEST_F(SitePingTest, AsksTheBenchsServerForTheSite) {
  std::vector<HttpRequest> requests;
  context_.http_get = [&](const HttpRequest& request, Deadline) -> Result<HttpResponse> {
    requests.push_back(request);
    return HttpResponse{200, kPong};
  };
  bench_.web_address.port = 8015;
  AddSite(bench_, "s.example.com");
  Publish(context_, {bench_});
  Run();
  ASSERT_EQ(1u, requests.size());
  EXPECT_EQ("127.0.0.1:8015", requests[0].address.Text());
  EXPECT_EQ("s.example.com", requests[0].host);
  EXPECT_EQ("/api/method/ping", requests[0].path);
}

TEST_F(SitePingTest, NamesThatAreNoHostNamesAreNeverSent) {
  for (const char* name : {"a b", "a\r\nX-Other: 1", "a\xFF", "a/b", "", "a:80", "a\t"}) {
    Bench bench = bench_;
    AddSite(bench, name);
    Publish(context_, {bench});
    const Collected collected = Run();
    EXPECT_TRUE(collected.status);
    EXPECT_THAT(collected.text, HasSubstr("no_host_name"));
    EXPECT_THAT(collected.text, Not(HasSubstr("site_up{")));
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(SitePingTest, AsksAFewSitesOfABenchAtATime) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  context_.settings.probe.concurrency = 3;
  context_.http_get = [&](const HttpRequest&, Deadline deadline) -> Result<HttpResponse> {
    const int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
    while (running < 3 && most < 3 && !deadline.Expired()) std::this_thread::yield();
    --running;
    return HttpResponse{200, kPong};
  };
  for (int i = 0; i < 30; ++i) AddSite(bench_, fmt::format("s{}", i));
  Publish(context_, {bench_});
  EXPECT_TRUE(Run().status);
  EXPECT_EQ(3, most);
}

// Answers as a server that hangs: after the deadline, and not before.
Result<HttpResponse> Hang(Deadline deadline) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable never;
  never.wait_until(lock, deadline.at(), [] { return false; });
  return Fail(ErrorKind::kTimeout, "no answer in time");
}

TEST_F(SitePingTest, HungSitesDoNotTakeTheTimeOfOthers) {
  context_.settings.probe.timeout = 50ms;
  context_.http_get = [](const HttpRequest& request, Deadline deadline) -> Result<HttpResponse> {
    return request.host.starts_with("hung") ? Hang(deadline) : HttpResponse{200, kPong};
  };
  for (int i = 0; i < 8; ++i) AddSite(bench_, fmt::format("hung{}", i));
  for (int i = 0; i < 200; ++i) AddSite(bench_, fmt::format("ok{}", i));
  Bench other = MakeBench("other");
  AddSite(other, "ok");
  Publish(context_, {bench_, other});
  const auto begin = Deadline::Clock::now();
  const Collected collected = Run();
  EXPECT_LT(Deadline::Clock::now() - begin, 2s);
  EXPECT_TRUE(collected.status);
  EXPECT_EQ("1", collected.Value(Reason("hung7", "timeout")));
  EXPECT_EQ("1", collected.Value(Series("up", "ok199")));
  EXPECT_EQ("1", collected.Value(R"(erpnext_site_up{bench="other",site="ok"})"));
}

TEST_F(SitePingTest, WhoWasLeftOutComesFirstTheNextTime) {
  context_.settings.probe.timeout = 100ms;
  context_.settings.probe.concurrency = 2;
  std::map<std::string, int> times;
  context_.http_get = [&](const HttpRequest& request, Deadline deadline) {
    {
      const std::lock_guard lock(mutex_);
      ++times[request.host];
    }
    return Hang(deadline);
  };
  for (int i = 0; i < 10; ++i) AddSite(bench_, fmt::format("s{}", i));
  Publish(context_, {bench_});
  // Each run has time for one round of two sites, or for two of them.
  for (int run = 0; run < 50 && times.size() < 10; ++run) {
    const Collected collected = Run(Deadline::After(250ms));
    EXPECT_EQ("timeout", collected.Kind());
    EXPECT_EQ("0", collected.Value(Series("maintenance_mode", "s9")));
  }
  EXPECT_EQ(10u, times.size()) << "every site had its turn";
  for (const auto& [site, count] : times) EXPECT_LE(count, 2) << site;
}

TEST_F(SitePingTest, ASiteIsNotCalledDownForLackOfOurTime) {
  context_.settings.probe.timeout = 5s;
  context_.settings.probe.concurrency = 1;
  std::vector<Deadline::Clock::duration> given;
  context_.http_get = [&](const HttpRequest&, Deadline deadline) -> Result<HttpResponse> {
    given.push_back(deadline.Remaining());
    return Hang(Deadline::After(40ms));
  };
  for (int i = 0; i < 50; ++i) AddSite(bench_, fmt::format("s{}", i));
  Publish(context_, {bench_});
  EXPECT_FALSE(Run(Deadline::After(400ms)).status);
  ASSERT_FALSE(given.empty());
  for (const auto time : given) EXPECT_GT(time, 150ms) << "half of the time there was";
}

TEST_F(SitePingTest, AnExpiredDeadlineAsksNobody) {
  AddSite(bench_, "s");
  Publish(context_, {bench_});
  Run(Deadline::After(-1s));
}

TEST_F(SitePingTest, TenThousandSitesAreBounded) {
  for (int i = 0; i < 10'020; ++i) AddSite(bench_, fmt::format("s{}", i));
  Publish(context_, {bench_});
  const Collected collected = Run();
  EXPECT_TRUE(collected.status);
  EXPECT_EQ(10'020u, asked_.size());
  EXPECT_EQ("1", collected.Value(Series("up", "s9")));
  EXPECT_EQ(100u, collected.dropped.over_limit) << "20 of each of five families";
}

}  // namespace
}  // namespace erpnext
