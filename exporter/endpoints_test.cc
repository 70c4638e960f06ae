// SPDX-License-Identifier: Apache-2.0
#include "exporter/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "core/testing/temp_folder.h"
#include "exporter/status_page.h"

namespace erpnext {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(ScrapeTime, IsHalfASecondLessThanPrometheusWaits) {
  EXPECT_EQ(milliseconds(9500), ScrapeTime("10"));
  EXPECT_EQ(milliseconds(2000), ScrapeTime(" 2.5 "));
  EXPECT_EQ(milliseconds(400), ScrapeTime("0.8"));  // never more than half of it is kept back
  for (const char* header : {"", "soon", "-1", "0", "nan", "inf", "1e9"}) {
    EXPECT_EQ(milliseconds(9500), ScrapeTime(header)) << header;
  }
}

TEST(EscapeHtml, LeavesNoWayOut) {
  EXPECT_EQ("&lt;a href=&quot;x&quot;&gt;&amp;\xEF\xBF\xBD", EscapeHtml("<a href=\"x\">&\xff"));
}

// A service that watches an empty folder: the collectors of the host have data, the others none.
class Endpoints : public testing::Test {
 protected:
  Endpoints() {
    service_.Start(Deadline::After(milliseconds(5000)));
    routes_ = MakeRoutes(service_, "/metrics");
  }

  static CommandLine Line(const TempFolder& folder) {
    folder.Write("config.yml", "discovery.search: [" + folder.path("nothing") + "/*]\n" +
                                   "mariadb.targets: [{name: away, address: 'unix:" +
                                   folder.path("no.sock") + "'}]\n");
    CommandLine line;
    line.config_file = folder.path("config.yml");
    return line;
  }
  static Settings Load(const CommandLine& line) {
    std::vector<std::string> tolerated;
    return *LoadSettings(line, tolerated);
  }

  WebResponse Ask(const std::string& path, WebRequest request = {}) {
    for (const WebRoute& route : routes_) {
      if (route.path == path) return route.handle(request);
    }
    return {.status = 404};
  }

  TempFolder folder_;
  CommandLine line_ = Line(folder_);
  Log log_{LogLevel::kError, LogFormat::kLogfmt, false};
  Service service_{line_, Load(line_), log_};
  std::vector<WebRoute> routes_;
};

std::string Unzip(const std::string& bytes) {
  std::string text(4U << 20, '\0');
  z_stream stream{};
  inflateInit2(&stream, 31);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(Z_STREAM_END, inflate(&stream, Z_FINISH));
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST_F(Endpoints, MetricsHaveTheDataOfCollectorsAndOurOwn) {
  const WebResponse response = Ask("/metrics");
  EXPECT_EQ(200, response.status);
  EXPECT_EQ("text/plain; version=0.0.4; charset=utf-8", response.content_type);
  EXPECT_THAT(response.body, HasSubstr("\nnode_memory_MemTotal_bytes "));
  EXPECT_THAT(response.body,
              HasSubstr("erpnext_exporter_collector_success{collector=\"queues\"} 1"));
  EXPECT_THAT(response.body, Not(HasSubstr("# EOF")));
}

TEST_F(Endpoints, OpenMetricsEndsWithItsMark) {
  WebRequest request;
  request.headers.emplace("Accept", "application/openmetrics-text; version=1.0.0");
  for (const char* encoding : {"identity", "gzip"}) {
    request.headers.erase("Accept-Encoding");
    request.headers.emplace("Accept-Encoding", encoding);
    const WebResponse response = Ask("/metrics", request);
    const bool gzip = std::string(encoding) == "gzip";
    EXPECT_EQ(gzip ? 1 : 0,
              std::count(response.headers.begin(), response.headers.end(),
                         std::pair<std::string, std::string>("Content-Encoding", "gzip")));
    const std::string text = gzip ? Unzip(response.body) : response.body;
    EXPECT_THAT(text, EndsWith("\n# EOF\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds counter\n"));
  }
}

TEST_F(Endpoints, CollectAndExcludeChooseCollectors) {
  WebRequest request;
  request.query.emplace("collect[]", "memory");
  request.query.emplace("collect[]", "cpu");
  request.query.emplace("exclude[]", "cpu");
  const std::string text = Ask("/metrics", request).body;
  EXPECT_THAT(text, HasSubstr("collector_success{collector=\"memory\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("collector=\"cpu\"")));
  EXPECT_THAT(text, Not(HasSubstr("node_cpu_seconds_total")));
}

TEST_F(Endpoints, AnUnknownCollectorIsRefusedWithTheKnownOnes) {
  WebRequest request;
  request.query.emplace("exclude[]", "nonsense");
  const WebResponse response = Ask("/metrics", request);
  EXPECT_EQ(400, response.status);
  EXPECT_THAT(response.body, HasSubstr("queues, "));
  EXPECT_THAT(response.body, Not(HasSubstr("nonsense")));
}

TEST_F(Endpoints, ADatabaseServerIsAskedForByName) {
  WebRequest request;
  EXPECT_EQ(404, Ask("/metrics/mysql").status);
  request.query.emplace("target", "127.0.0.1:3306");
  const WebResponse unknown = Ask("/metrics/mysql", request);
  EXPECT_EQ(404, unknown.status);
  EXPECT_EQ("no such target; ?target=NAME takes: away\n", unknown.body);
  request.query.emplace("target", "away");
  EXPECT_EQ(400, Ask("/metrics/mysql", request).status);
  request.query.erase("target");
  request.query.emplace("target", "away");
  const WebResponse known = Ask("/metrics/mysql", request);
  EXPECT_EQ(200, known.status);
  EXPECT_THAT(known.body, HasSubstr("\nmysql_up 0\n"));
  EXPECT_THAT(known.body, Not(HasSubstr("erpnext_")));
  request.query.emplace("collect[]", "queues");
  EXPECT_EQ(400, Ask("/metrics/mysql", request).status);
}

TEST_F(Endpoints, ABadFileLeavesTheOldConfigurationInForce) {
  folder_.Write("config.yml", "nonsense: 1\n");
  const WebResponse refused = Ask("/-/reload");
  EXPECT_EQ(500, refused.status);
  EXPECT_THAT(refused.body, HasSubstr("config.yml:1:1: unknown key nonsense"));
  EXPECT_THAT(Ask("/metrics").body,
              HasSubstr("erpnext_exporter_config_last_reload_successful 0\n"));
  EXPECT_THAT(Ask("/").body, HasSubstr("could not be loaded"));

  folder_.Write("config.yml", "collector: {memory: false}\n");
  EXPECT_EQ(200, Ask("/-/reload").status);
  const std::string text = Ask("/metrics").body;
  EXPECT_THAT(text, HasSubstr("erpnext_exporter_config_last_reload_successful 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("collector=\"memory\"")));
}

TEST_F(Endpoints, StatusPageListsCollectorsAndLinksToMetrics) {
  const WebResponse page = Ask("/");
  EXPECT_EQ("text/html; charset=utf-8", page.content_type);
  EXPECT_THAT(page.body, HasSubstr("<td>site_ping<td"));
  EXPECT_THAT(page.body, HasSubstr("href=\"/metrics\""));
  EXPECT_THAT(page.body, HasSubstr("No bench was found"));
}

TEST_F(Endpoints, IsHealthyAtOnceAndReadyAfterTheFirstRuns) {
  EXPECT_EQ(200, Ask("/-/healthy").status);
  ASSERT_EQ(200, Ask("/-/reload", {}).status);  // waits for the first runs of all collectors
  EXPECT_EQ(200, Ask("/-/ready").status);
}

TEST(Compat, ChoosesNamesAndLeavesOutCollectorsWithoutAny) {
  Settings settings;
  settings.collect.discovery.search = {};
  const auto names = [&](NameTiers tiers) {
    settings.tiers = tiers;
    std::vector<std::string> all;
    for (const Engine::Part& part : MakeParts(settings, MakeContext(settings))) {
      all.push_back(part.options.name);
    }
    return all;
  };
  EXPECT_THAT(names(NameTiers::kOwn), Not(testing::Contains("memory")));
  EXPECT_THAT(names(NameTiers::kOwn), testing::Contains("queues"));
  EXPECT_THAT(names(NameTiers::kUpstream), testing::Contains("memory"));
  EXPECT_THAT(names(NameTiers::kUpstream), Not(testing::Contains("queues")));
  EXPECT_THAT(names(NameTiers::kUpstream), testing::Contains("bench"));  // others stand on it
  EXPECT_THAT(names(NameTiers::kAll), testing::Contains("mariadb_status"));
}

}  // namespace
}  // namespace erpnext
