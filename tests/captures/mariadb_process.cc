// SPDX-License-Identifier: Apache-2.0
// Starts and ends a mariadbd, and feeds it with the command-line client.
#include "mariadb_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "sources/channel.h"

extern char** environ;

namespace erpnext {
namespace {

using namespace std::chrono_literals;

std::string OwnName() { return getpwuid(geteuid())->pw_name; }

}  // namespace

MariadbProcess::MariadbProcess() : socket_(folder_.path("s")) {
  folder_.Write(
      "my.cnf",
      fmt::format(
          "[mariadbd]\ndatadir={0}/data\ntmpdir={0}\nsocket={1}\nskip-networking\nuser={2}\n"
          "innodb-flush-log-at-trx-commit=0\ninnodb-doublewrite=OFF\n"
          "innodb-buffer-pool-size=32M\nskip-log-bin\nsql-mode=\n",
          folder_.path(), socket_, OwnName()));
  const std::string defaults = "--defaults-file=" + folder_.path("my.cnf");
  RunToEnd({"mariadb-install-db", defaults, "--user=" + OwnName(), "--skip-test-db",
            "--auth-root-authentication-method=socket", "--auth-root-socket-user=" + OwnName()});
  Spawn({"mariadbd", defaults}, "/dev/null", pid_);
  const Deadline deadline = Deadline::After(60s);
  while (!Channel::Connect(address(), deadline)) {
    if (deadline.Expired()) throw std::runtime_error("mariadbd does not answer");
    std::this_thread::yield();
  }
}

MariadbProcess::~MariadbProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void MariadbProcess::Spawn(const std::vector<std::string>& words, const std::string& input,
                           pid_t& pid) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::string log = folder_.path("log");
  posix_spawn_file_actions_addopen(&files, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  const int failed = posix_spawnp(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) {
    throw std::runtime_error("cannot start " + words[0] + ": apt-get install mariadb-server");
  }
}

void MariadbProcess::RunToEnd(const std::vector<std::string>& words, const std::string& input) {
  pid_t pid = -1;
  Spawn(words, input, pid);
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error(fmt::format("{} failed", fmt::join(words, " ")));
}

void MariadbProcess::Run(const std::string& schema, std::string_view sql) {
  folder_.Write("input.sql",
                fmt::format("CREATE DATABASE IF NOT EXISTS `{0}`;\nUSE `{0}`;\n{1}", schema, sql));
  RunToEnd({"mariadb", "--no-defaults", "--socket=" + socket_, "--user=" + OwnName()},
           folder_.path("input.sql"));
}

}  // namespace erpnext
