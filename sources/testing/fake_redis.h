// SPDX-License-Identifier: Apache-2.0
// A Redis in memory that knows the read commands of this project, for tests of what asks it.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "sources/redis_client.h"

namespace erpnext {

// Answers as Redis does, with WRONGTYPE and unknown commands too. One thread at a time.
class FakeRedis {
 public:
  using List = std::vector<std::string>;
  using Set = std::set<std::string>;
  using SortedSet = std::map<std::string, double>;  // member, score
  using Hash = std::map<std::string, std::string>;
  using Value = std::variant<List, Set, SortedSet, Hash, std::string>;

  std::map<std::string, Value> keys;
  std::string info;
  // What a command answers instead, where it gives something: a refusal, or hostile nonsense.
  std::function<std::optional<RedisReply>(const RedisCommand&)> instead;
  // Not nothing: the call as a whole fails with it.
  std::function<std::optional<Error>()> failure;

  std::size_t round_trips = 0;
  std::size_t commands = 0;
  std::set<std::string> verbs;  // every command that was ever sent

  static RedisReply Integer(std::int64_t value) {
    return {RedisReply::Type::kInteger, value, {}, {}};
  }
  static RedisReply Text(std::string text) {
    return {RedisReply::Type::kString, 0, std::move(text), {}};
  }
  static RedisReply ErrorReply(std::string text) {
    return {RedisReply::Type::kError, 0, std::move(text), {}};
  }

  RedisReply Run(const RedisCommand& command) {
    ++commands;
    verbs.insert(command.at(0));
    if (instead) {
      if (auto reply = instead(command)) return *reply;
    }
    if (command[0] == "INFO") return Text(info);
    if (command[0] == "EXISTS") return Integer(keys.contains(command.at(1)) ? 1 : 0);
    const auto found = keys.find(command.at(1));
    return Answer(command, found == keys.end() ? nullptr : &found->second);
  }

 private:
  template <typename Type, typename Function>
  static RedisReply With(const Value* value, const Function& function) {
    static const Type kEmpty;
    if (value == nullptr) return function(kEmpty);
    if (const Type* typed = std::get_if<Type>(value)) return function(*typed);
    return ErrorReply("WRONGTYPE Operation against a key holding the wrong kind of value");
  }

  static RedisReply Size(std::size_t size) { return Integer(static_cast<std::int64_t>(size)); }
  static double Score(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

  // As Redis writes it: "inf", and no digits that say nothing.
  static std::string ScoreText(double score) { return fmt::format("{}", score); }

  // The elements from command[2] to command[3], both included and not negative.
  template <typename Element>
  static std::vector<Element> Slice(const std::vector<Element>& all, const RedisCommand& command) {
    const auto begin = std::strtoul(command.at(2).c_str(), nullptr, 10);
    const auto end = std::strtoul(command.at(3).c_str(), nullptr, 10) + 1;
    if (begin >= all.size()) return {};
    return {all.begin() + static_cast<std::ptrdiff_t>(begin),
            all.begin() + static_cast<std::ptrdiff_t>(std::min(end, all.size()))};
  }

  static RedisReply Answer(const RedisCommand& command, const Value* value) {
    const std::string& verb = command[0];
    if (verb == "EXISTS") return Integer(value != nullptr ? 1 : 0);
    if (verb == "LLEN") return With<List>(value, [](const List& l) { return Size(l.size()); });
    if (verb == "ZCARD") {
      return With<SortedSet>(value, [](const SortedSet& z) { return Size(z.size()); });
    }
    if (verb == "ZCOUNT") {
      return With<SortedSet>(value, [&](const SortedSet& z) {
        return Size(static_cast<std::size_t>(std::count_if(z.begin(), z.end(), [&](const auto& m) {
          return m.second >= Score(command.at(2)) && m.second <= Score(command.at(3));
        })));
      });
    }
    if (verb == "LRANGE") {
      return With<List>(value, [&](const List& l) {
        RedisReply reply{RedisReply::Type::kArray, 0, {}, {}};
        for (const auto& element : Slice(l, command)) reply.elements.push_back(Text(element));
        return reply;
      });
    }
    if (verb == "ZRANGE") {  // always WITHSCORES
      return With<SortedSet>(value, [&](const SortedSet& z) {
        std::vector<std::pair<double, std::string>> members;
        for (const auto& [member, score] : z) members.emplace_back(score, member);
        std::sort(members.begin(), members.end());
        RedisReply reply{RedisReply::Type::kArray, 0, {}, {}};
        for (const auto& [score, member] : Slice(members, command)) {
          reply.elements.push_back(Text(member));
          reply.elements.push_back(Text(ScoreText(score)));
        }
        return reply;
      });
    }
    if (verb == "LINDEX") {
      return With<List>(value, [&](const List& l) {
        const long at = std::strtol(command.at(2).c_str(), nullptr, 10);
        const auto size = static_cast<long>(l.size());
        const long index = at < 0 ? size + at : at;
        return index < 0 || index >= size ? RedisReply() : Text(l[static_cast<std::size_t>(index)]);
      });
    }
    if (verb == "SMEMBERS") {
      return With<Set>(value, [](const Set& s) {
        RedisReply reply{RedisReply::Type::kArray, 0, {}, {}};
        for (const std::string& member : s) reply.elements.push_back(Text(member));
        return reply;
      });
    }
    if (verb == "HSTRLEN") {
      return With<Hash>(value, [&](const Hash& h) {
        const auto field = h.find(command.at(2));
        return Size(field == h.end() ? 0 : field->second.size());
      });
    }
    if (verb == "HMGET") {
      return With<Hash>(value, [&](const Hash& h) {
        RedisReply reply{RedisReply::Type::kArray, 0, {}, {}};
        for (std::size_t i = 2; i < command.size(); ++i) {
          const auto field = h.find(command[i]);
          reply.elements.push_back(field == h.end() ? RedisReply() : Text(field->second));
        }
        return reply;
      });
    }
    return ErrorReply("ERR unknown command");
  }
};

// One connection to it.
class FakeRedisConnection final : public RedisConnection {
 public:
  explicit FakeRedisConnection(std::shared_ptr<FakeRedis> server) : server_(std::move(server)) {}

  Result<std::vector<RedisReply>> Pipeline(std::span<const RedisCommand> commands,
                                           Deadline) override {
    ++server_->round_trips;
    if (server_->failure) {
      if (auto error = server_->failure()) return Fail(*error);
    }
    std::vector<RedisReply> replies;
    for (const RedisCommand& command : commands) replies.push_back(server_->Run(command));
    return replies;
  }

 private:
  std::shared_ptr<FakeRedis> server_;
};

}  // namespace erpnext
