// SPDX-License-Identifier: Apache-2.0
// Read commands only, in pipelines.
#include "sources/rq_reader.h"

#include <algorithm>
#include <iterator>

#include "sources/rq.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxQueues = 1'000;
constexpr std::size_t kMaxWorkers = 10'000;

// Replies of a pipeline, taken in the order of the commands. Keeps the first error reply.
class Replies {
 public:
  explicit Replies(std::vector<RedisReply> replies) : replies_(std::move(replies)) {}

  const RedisReply& Next() {
    const RedisReply& reply = replies_.at(at_++);
    if (reply.is_error() && status_) status_ = Fail(RedisReplyError(reply));
    return reply;
  }
  // As a figure: what Redis counts fits into a double, and what a hostile server says cannot
  // overflow.
  std::optional<double> NextCount() {
    const auto integer = Next().AsInteger();
    return integer ? std::optional(static_cast<double>(*integer)) : std::nullopt;
  }

  // Members that begin with `prefix`, without it. Nothing when the answer is no array.
  std::optional<std::set<std::string>> NextMembers(std::string_view prefix) {
    const RedisReply& reply = Next();
    if (reply.type != RedisReply::Type::kArray) return std::nullopt;
    std::set<std::string> members;
    for (const RedisReply& element : reply.elements) {
      if (element.text.starts_with(prefix)) members.insert(element.text.substr(prefix.size()));
    }
    return members;
  }

  const Status& status() const { return status_; }

 private:
  std::vector<RedisReply> replies_;
  std::size_t at_ = 0;
  Status status_;
};

void AppendQueueCommands(const std::string& queue, const std::string& now,
                         std::vector<RedisCommand>& commands) {
  const std::string list = std::string(kRqQueuePrefix) + queue;
  commands.push_back({"LLEN", list});
  commands.push_back({"LINDEX", list, "0"});
  commands.push_back({"LINDEX", list, "-1"});
  commands.push_back({"LLEN", list + ":intermediate"});
  for (const char* registry : {"wip", "finished", "failed"}) {
    const std::string key = std::string("rq:") + registry + ":" + queue;
    commands.push_back({"ZCARD", key});
    commands.push_back({"ZCOUNT", key, "0", now});  // what RQ's clean-up would take out
  }
  for (const char* registry : {"deferred", "scheduled", "canceled"}) {
    commands.push_back({"ZCARD", std::string("rq:") + registry + ":" + queue});
  }
}

RqQueue TakeQueue(Replies& replies) {
  RqQueue queue;
  const auto take = [&](std::string_view state) {
    if (const auto count = replies.NextCount()) queue.jobs[state] = *count;
  };
  take("queued");
  for (int end = 0; end < 2; ++end) {
    if (const std::string* id = replies.Next().AsString()) queue.end_jobs.insert(*id);
  }
  take("intermediate");
  for (std::string_view state : {"started", "finished", "failed"}) {
    const auto all = replies.NextCount();
    const auto expired = replies.NextCount();
    if (!all || !expired) continue;
    // A clean-up between the two commands takes out what the first has counted.
    queue.jobs[state] = std::max(0.0, *all - *expired);
    if (state == "started") queue.jobs["abandoned"] = *expired;
  }
  for (std::string_view state : {"deferred", "scheduled", "canceled"}) take(state);
  return queue;
}

std::set<std::string> Difference(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

}  // namespace

Status RqReader::Read(const std::set<std::string>& configured,
                      const std::set<std::string>& prefixes, double now, Deadline deadline) {
  queues_.clear();
  workers_.reset();
  now_ = fmt::format("{:.6f}", now);
  known_.queues.insert(configured.begin(), configured.end());
  Names all;
  Status status = Ask(known_, deadline, &all);
  if (queues_.empty()) return status;
  const auto keep_error = [&](const Status& next) {
    if (status && !next) status = next;
  };

  std::erase_if(all.queues, [&](const std::string& queue) {
    return std::none_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
      return FrappeQueueName(queue, prefix).has_value();
    });
  });
  if (all.queues.size() > kMaxQueues || all.workers.size() > kMaxWorkers) {
    workers_.reset();
    return Fail(ErrorKind::kLimit, "Redis names {} queues and {} workers, more than are read",
                all.queues.size(), all.workers.size());
  }
  const Names fresh{Difference(all.queues, known_.queues), Difference(all.workers, known_.workers)};
  if (!fresh.queues.empty() || !fresh.workers.empty()) keep_error(Ask(fresh, deadline, nullptr));
  keep_error(ReadAges(deadline));
  all.queues.insert(configured.begin(), configured.end());
  known_ = std::move(all);
  return status;
}

// One round trip. With `all` the names of all queues and workers are asked for too.
Status RqReader::Ask(const Names& names, Deadline deadline, Names* all) {
  std::vector<RedisCommand> commands;
  if (all != nullptr) {
    commands.push_back({"SMEMBERS", "rq:queues"});
    commands.push_back({"SMEMBERS", "rq:workers"});
  }
  for (const std::string& queue : names.queues) AppendQueueCommands(queue, now_, commands);
  for (const std::string& worker : names.workers) {
    commands.push_back({"HMGET", std::string(kRqWorkerPrefix) + worker, "queues", "state"});
  }
  auto answered = redis_->Pipeline(commands, deadline);
  if (!answered) {
    workers_.reset();
    return Fail(answered.error());
  }
  Replies replies(std::move(*answered));
  if (all != nullptr) {
    all->queues = replies.NextMembers(kRqQueuePrefix).value_or(std::set<std::string>());
    const auto workers = replies.NextMembers(kRqWorkerPrefix);
    if (workers) workers_.emplace();
    all->workers = workers.value_or(std::set<std::string>());
  }
  for (const std::string& queue : names.queues) queues_[queue] = TakeQueue(replies);
  for (std::size_t i = 0; i < names.workers.size(); ++i) TakeWorker(replies.Next());
  return replies.status();
}

void RqReader::TakeWorker(const RedisReply& fields) {
  if (fields.is_error() && RedisReplyError(fields).kind != ErrorKind::kMalformed) workers_.reset();
  // A key of another type under a worker's name is no worker.
  if (!workers_ || fields.elements.size() != 2) return;
  if (const std::string* queues = fields.elements[0].AsString()) {
    workers_->push_back({*queues, fields.elements[1].text});
  }
}

Status RqReader::ReadAges(Deadline deadline) {
  std::vector<RedisCommand> commands;
  std::vector<RqQueue*> owners;
  for (auto& [name, queue] : queues_) {
    for (const std::string& id : queue.end_jobs) {
      commands.push_back({"HMGET", "rq:job:" + id, "enqueued_at", "created_at"});
      owners.push_back(&queue);
    }
  }
  if (commands.empty()) return {};
  auto answered = redis_->Pipeline(commands, deadline);
  if (!answered) return Fail(answered.error());
  Replies replies(std::move(*answered));
  for (RqQueue* queue : owners) {
    // The job may have been taken or deleted since: then there is no age, not age 0.
    for (const RedisReply& field : replies.Next().elements) {
      const auto time = ParseRqTime(field.text);
      if (!time) continue;
      queue->oldest_unix = std::min(*time, queue->oldest_unix.value_or(*time));
      break;
    }
  }
  return replies.status();
}

}  // namespace erpnext
