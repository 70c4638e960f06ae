// SPDX-License-Identifier: Apache-2.0
#include "collectors/deadlock_history.h"

#include <gtest/gtest.h>

#include <map>

#include "collectors/testing/collect.h"

namespace erpnext {
namespace {

using namespace std::chrono_literals;

// Says nothing, and notes until when it might have thought about it.
class SilentMariadb final : public MariadbServer {
 public:
  Result<MariadbTable> Query(std::string_view, Deadline deadline) override {
    deadlines.push_back(deadline);
    return Fail(ErrorKind::kTimeout, "no answer in time");
  }
  std::vector<Deadline> deadlines;
};

TEST(DeadlockHistoryTest, AServerThatIsSilentLeavesTimeForTheOthers) {
  std::map<std::string, std::shared_ptr<SilentMariadb>> servers;
  CollectorContext context;
  context.mariadb_server = [&](const MariadbOptions& options) -> std::shared_ptr<MariadbServer> {
    auto& server = servers[options.address.host];
    if (!server) server = std::make_shared<SilentMariadb>();
    return server;
  };
  Bench first = MakeBench("first"), second = MakeBench("second");
  first.database = {"mariadb", {"", "127.0.0.1", 3307}};  // on this host: it may have a log
  second.database = {"mariadb", {"", "db2", 3306}};
  Publish(context, {first, second});
  const auto begin = Deadline::Clock::now();
  const DeadlockHistory history = ReadDeadlockHistory(context, 20, Deadline(begin + 1h));
  EXPECT_FALSE(history.asked);
  EXPECT_EQ(4u, history.gaps.size());
  const auto& of_first = servers.at("127.0.0.1")->deadlines;
  ASSERT_EQ(2u, of_first.size());
  EXPECT_LT(of_first[0].at(), begin + 16min);  // for its log
  EXPECT_LT(of_first[1].at(), begin + 31min);
  ASSERT_EQ(1u, servers.at("db2")->deadlines.size());
  EXPECT_EQ(begin + 1h, servers.at("db2")->deadlines[0].at());
}

}  // namespace
}  // namespace erpnext
