// SPDX-License-Identifier: Apache-2.0
// The lists of each captured cache Redis, by the names that Frappe gave them and with as many
// entries as it had put there.
#include "collectors/frappe/site_backlog.h"

#include <gtest/gtest.h>

#include <map>

#include "captures.h"
#include "collectors/testing/collect.h"
#include "core/text.h"
#include "redis_process.h"

namespace erpnext {
namespace {

// "b'_1|global_search_queue'<tab>list<tab>pttl=-1<tab>size=31<tab>mem=5288", of the lists.
std::map<std::string, double> ListsOf(const Moment& moment) {
  std::map<std::string, double> lists;
  const std::string text = ReadBytes(moment.bench / "redis" / (moment.name + ".cache-keys.txt"));
  for (std::string_view line : Split(text, '\n')) {
    const auto fields = Split(line, '\t');
    if (fields.size() < 4 || fields[1] != "list") continue;
    lists[std::string(fields[0].substr(2, fields[0].size() - 3))] =
        ParseNumber<double>(fields[3].substr(5)).value();
  }
  return lists;
}

std::string PushCommand(const std::string& key, double entries) {
  std::string command =
      fmt::format("*{}\r\n$5\r\nRPUSH\r\n${}\r\n{}\r\n", entries + 2, key.size(), key);
  for (double i = 0; i < entries; ++i) command += "$2\r\n{}\r\n";
  return command;
}

class CapturedBacklog : public testing::TestWithParam<Moment> {};

TEST_P(CapturedBacklog, IsThatOfTheCache) {
  REQUIRE_CAPTURES();
  const auto lists = ListsOf(GetParam());
  RedisProcess redis;
  for (const auto& [key, entries] : lists) redis.Load(PushCommand(key, entries));
  Bench bench = MakeBench("b");
  bench.redis_cache = ParseRedisUrl(redis.url()).value();
  std::map<std::string, double> frappes;  // by site
  for (const auto& folder : FilesIn(GetParam().bench / "bench" / "sites")) {
    const auto config = folder / "site_config.json";
    if (!std::filesystem::exists(config)) continue;
    const std::string site = folder.filename().string();
    AddSite(bench, site, ReadBytes(config));
    const std::string prefix = bench.sites.back().config.Text("db_name").value() + "|";
    for (const auto& [key, entries] : lists) {
      if (key.starts_with(prefix)) frappes[site] += entries;
    }
  }
  CollectorContext context;
  Publish(context, {bench});
  const Collected run = CollectOnce(kSiteBacklogCollector, context);
  ASSERT_TRUE(run.status) << run.status.error().message;
  std::map<std::string, double> ours;
  std::string_view text = run.text;
  while (const auto line = NextLine(text)) {
    if (line->starts_with('#')) continue;
    const auto site = Split(*line, '"').at(3);
    ours[std::string(site)] += ParseNumber<double>(line->substr(line->rfind(' ') + 1)).value();
  }
  fmt::print("{} {}\n  {:46} {:>8} {:>8}\n", GetParam().bench.filename().string(), GetParam().name,
             "", "Frappe", "ours");
  EXPECT_EQ(2, ours.size());
  for (const auto& [site, entries] : ours) {
    fmt::print("  {:46} {:>8} {:>8}\n", site + " entries", frappes[site], entries);
    EXPECT_EQ(frappes[site], entries) << site << "\n" << run.text;
  }
}

INSTANTIATE_TEST_SUITE_P(All, CapturedBacklog, testing::ValuesIn(CapturedMoments()),
                         [](const auto& moment) {
                           std::string name =
                               moment.param.bench.filename().string() + moment.param.name;
                           std::erase_if(name, [](char c) { return c == '-'; });
                           return name;
                         });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CapturedBacklog);

}  // namespace
}  // namespace erpnext
