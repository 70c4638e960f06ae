// SPDX-License-Identifier: Apache-2.0
// Starts and ends a redis-server.
#include "redis_process.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "sources/channel.h"

extern char** environ;

namespace erpnext {
namespace {

using namespace std::chrono_literals;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

}  // namespace

RedisProcess::RedisProcess() : socket_(folder_.path("redis.sock")) {
  std::vector<std::string> words = {
      "redis-server", "--port", "0",     "--unixsocket", socket_,     "--save",           "",
      "--appendonly", "no",     "--dir", folder_.path(), "--logfile", folder_.path("log")};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  if (posix_spawnp(&pid_, "redis-server", nullptr, nullptr, arguments.data(), environ) != 0) {
    throw std::runtime_error("cannot start redis-server: apt-get install redis-server");
  }
  const Deadline deadline = Deadline::After(20s);
  while (!Channel::Connect({socket_, "", 0}, deadline)) {
    if (deadline.Expired()) throw std::runtime_error("redis-server does not answer");
    std::this_thread::yield();
  }
}

RedisProcess::~RedisProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void RedisProcess::Load(std::string_view resp) {
  auto channel = Channel::Connect({socket_, "", 0}, Deadline::After(20s)).value();
  channel.set_deadline(Deadline::After(60s));
  // The server goes on reading while it answers, and its answers are short: they fit its buffer.
  constexpr std::string_view kEnd = "*2\r\n$4\r\nECHO\r\n$14\r\nend-of-capture\r\n";
  if (!channel.WriteAll(std::string(resp) + std::string(kEnd))) {
    throw std::runtime_error("redis-server does not take the commands");
  }
  const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(redisReaderCreate(),
                                                                        &redisReaderFree);
  std::array<char, 65536> buffer;
  for (;;) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader.get(), &raw) != REDIS_OK) throw std::runtime_error("no reply");
    if (raw == nullptr) {
      const auto got = channel.Read(buffer.data(), buffer.size());
      if (!got || *got == 0) throw std::runtime_error("redis-server closed the connection");
      redisReaderFeed(reader.get(), buffer.data(), *got);
      continue;
    }
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(reply->str);
    if (reply->type == REDIS_REPLY_STRING && std::string_view(reply->str) == "end-of-capture")
      return;
  }
}

}  // namespace erpnext
