// SPDX-License-Identifier: Apache-2.0
// Read commands only, in pipelines.
#include "sources/rq_reader.h"

#include <algorithm>
#include <iterator>

#include "core/text.h"
#include "sources/rq.h"
#include "sources/rq_replies.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxQueues = 1'000;
constexpr std::size_t kMaxWorkers = 10'000;
constexpr const char* kWorkerFields[] = {"queues",
                                         "state",
                                         "current_job",
                                         "hostname",
                                         "pid",
                                         "birth",
                                         "successful_job_count",
                                         "failed_job_count",
                                         "total_working_time"};

void AppendQueueCommands(const std::string& queue, const std::string& now,
                         std::vector<RedisCommand>& commands) {
  const std::string list = std::string(kRqQueuePrefix) + queue;
  const std::string most = std::to_string(RqReader::kMaxStarted - 1);
  commands.push_back({"LLEN", list});
  commands.push_back({"LINDEX", list, "0"});
  commands.push_back({"LINDEX", list, "-1"});
  commands.push_back({"LLEN", list + ":intermediate"});
  commands.push_back({"LRANGE", list + ":intermediate", "0", most});
  for (const char* registry : {"wip", "finished", "failed"}) {
    const std::string key = std::string("rq:") + registry + ":" + queue;
    commands.push_back({"ZCARD", key});
    commands.push_back({"ZCOUNT", key, "0", now});  // what RQ's clean-up would take out
  }
  commands.push_back({"ZRANGE", "rq:wip:" + queue, "0", most, "WITHSCORES"});
  for (const char* registry : {"deferred", "scheduled", "canceled"}) {
    commands.push_back({"ZCARD", std::string("rq:") + registry + ":" + queue});
  }
}

// Texts are members and their scores in turn.
std::vector<RqStartedJob> StartedJobs(const std::vector<std::string>& texts, double now) {
  std::vector<RqStartedJob> jobs;
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) {
    const auto score = ParseNumber<double>(texts[i + 1]);
    // As ZCOUNT 0 now: -1 stands for no time to live.
    jobs.push_back({.id = texts[i], .abandoned = score && *score >= 0 && *score <= now});
  }
  return jobs;
}

RqQueue TakeQueue(RqReplies& replies, double now) {
  RqQueue queue;
  const auto take = [&](std::string_view state) {
    if (const auto count = replies.NextCount()) queue.jobs[state] = *count;
  };
  take("queued");
  queue.next_id = replies.NextText();
  queue.newest_id = replies.NextText();
  take("intermediate");
  queue.intermediate = replies.NextMembers("");
  for (std::string_view state : {"started", "finished", "failed"}) {
    const auto all = replies.NextCount();
    const auto expired = replies.NextCount();
    if (state == "failed") queue.failed_registered = all;
    if (!all || !expired) continue;
    // A clean-up between the two commands takes out what the first has counted.
    queue.jobs[state] = std::max(0.0, *all - *expired);
    if (state == "started") queue.jobs["abandoned"] = *expired;
  }
  if (const auto texts = replies.NextTexts()) queue.started = StartedJobs(*texts, now);
  for (std::string_view state : {"deferred", "scheduled", "canceled"}) take(state);
  return queue;
}

// Nothing for a hash that is not there, or tells no queues.
std::optional<RqWorker> ParseWorker(const std::string& name, const RedisReply& fields) {
  if (fields.elements.size() != std::size(kWorkerFields)) return std::nullopt;
  const std::string* queues = fields.elements[0].AsString();
  if (queues == nullptr) return std::nullopt;
  const auto text = [&](std::size_t field) -> const std::string& {
    return fields.elements[field].text;
  };
  const auto count = [&](std::size_t field) {
    const auto number = ParseNumber<double>(text(field));
    return number && *number >= 0 && *number < 1e15 ? *number : 0;
  };
  return RqWorker{.name = name,
                  .queues = *queues,
                  .state = text(1),
                  .current_job = text(2),
                  .host_name = text(3),
                  .pid = ParseNumber<std::int64_t>(text(4)),
                  .birth_unix = ParseRqTime(text(5)),
                  .successful_jobs = count(6),
                  .failed_jobs = count(7),
                  .working_seconds = count(8)};
}

void TakeWorker(const std::string& name, const RedisReply& fields, RqReading& reading) {
  if (fields.is_error() && RedisReplyError(fields).kind != ErrorKind::kMalformed) {
    reading.workers.reset();
  }
  // A key of another type under a worker's name is no worker.
  if (!reading.workers || fields.is_error()) return;
  if (auto worker = ParseWorker(name, fields)) {
    reading.workers->push_back(std::move(*worker));
  } else if (std::all_of(fields.elements.begin(), fields.elements.end(),
                         [](const RedisReply& f) { return f.type == RedisReply::Type::kNil; })) {
    reading.expired_workers.insert(name);
  }
}

bool TakeStartedJob(const RedisReply& fields, const std::string& id, RqStartedJob& job) {
  const bool there = std::any_of(fields.elements.begin(), fields.elements.end(),
                                 [](const RedisReply& f) { return f.AsString() != nullptr; });
  if (!there || fields.elements.size() != 3) return false;
  job.id = id;
  job.known = true;
  job.status = fields.elements[0].text;
  job.started_unix = ParseRqTime(fields.elements[1].text);
  const auto timeout = ParseNumber<double>(fields.elements[2].text);
  if (timeout && *timeout > 0) job.timeout_seconds = timeout;
  return true;
}

// The job may have been taken or deleted since: then there is no time, not now.
std::optional<double> EnqueuedAt(const RedisReply& fields) {
  for (const RedisReply& field : fields.elements) {
    if (const auto time = ParseRqTime(field.text)) return time;
  }
  return std::nullopt;
}

std::set<std::string> Difference(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

}  // namespace

Status RqReader::Read(const RqScope& scope, double now, Deadline deadline, RqReading& reading) {
  reading = {};
  now_ = now;
  known_.queues.insert(scope.configured.begin(), scope.configured.end());
  Names all;
  Status status = Ask(known_, deadline, &all, reading);
  if (reading.queues.empty()) return status;
  const auto keep_error = [&](const Status& next) {
    if (status && !next) status = next;
  };

  std::erase_if(all.queues, [&](const std::string& queue) {
    return std::none_of(scope.prefixes.begin(), scope.prefixes.end(), [&](const auto& prefix) {
      return FrappeQueueName(queue, prefix).has_value();
    });
  });
  if (all.queues.size() > kMaxQueues || all.workers.size() > kMaxWorkers) {
    reading.workers.reset();
    return Fail(ErrorKind::kLimit, "Redis names {} queues and {} workers, more than are read",
                all.queues.size(), all.workers.size());
  }
  const Names fresh{Difference(all.queues, known_.queues), Difference(all.workers, known_.workers)};
  if (!fresh.queues.empty() || !fresh.workers.empty()) {
    keep_error(Ask(fresh, deadline, nullptr, reading));
  }
  // One that was known and is no longer listed has signed off.
  std::erase_if(reading.expired_workers,
                [&](const std::string& name) { return !all.workers.contains(name); });
  keep_error(AskJobs(deadline, reading));
  all.queues.insert(scope.configured.begin(), scope.configured.end());
  known_ = std::move(all);
  return status;
}

// One round trip. With `all` the names of all queues and workers are asked for too.
Status RqReader::Ask(const Names& names, Deadline deadline, Names* all, RqReading& reading) {
  const std::string now = fmt::format("{:.6f}", now_);
  std::vector<RedisCommand> commands;
  if (all != nullptr) {
    commands.push_back({"SMEMBERS", "rq:queues"});
    commands.push_back({"SMEMBERS", "rq:workers"});
    commands.push_back({"EXISTS", "rq:suspended"});
  }
  for (const std::string& queue : names.queues) AppendQueueCommands(queue, now, commands);
  for (const std::string& worker : names.workers) {
    RedisCommand command = {"HMGET", std::string(kRqWorkerPrefix) + worker};
    command.insert(command.end(), std::begin(kWorkerFields), std::end(kWorkerFields));
    commands.push_back(std::move(command));
  }
  auto answered = redis_->Pipeline(commands, deadline);
  if (!answered) {
    reading.workers.reset();
    return Fail(answered.error());
  }
  RqReplies replies(std::move(*answered));
  if (all != nullptr) {
    all->queues = replies.NextMembers(kRqQueuePrefix).value_or(std::set<std::string>());
    const auto workers = replies.NextMembers(kRqWorkerPrefix);
    if (workers) reading.workers.emplace();
    all->workers = workers.value_or(std::set<std::string>());
    if (const auto suspended = replies.NextCount()) reading.suspended = *suspended > 0;
  }
  for (const std::string& queue : names.queues) {
    reading.queues[queue] = TakeQueue(replies, now_);
  }
  for (const std::string& worker : names.workers) TakeWorker(worker, replies.Next(), reading);
  return replies.status();
}

// The hashes of the jobs at the ends of the queues and of those that run.
Status RqReader::AskJobs(Deadline deadline, RqReading& reading) {
  std::vector<RedisCommand> commands;
  const auto ask_time = [&](const std::optional<std::string>& id) {
    if (id) commands.push_back({"HMGET", "rq:job:" + *id, "enqueued_at", "created_at"});
  };
  const auto ask_started = [&](const std::string& id) {
    commands.push_back({"HMGET", "rq:job:" + id, "status", "started_at", "timeout"});
  };
  for (const auto& [name, queue] : reading.queues) {
    ask_time(queue.next_id);
    if (queue.newest_id != queue.next_id) ask_time(queue.newest_id);
    for (const RqStartedJob& job : queue.started.value_or(std::vector<RqStartedJob>())) {
      if (const auto id = RqJobOfExecution(job.id)) ask_started(*id);
      ask_started(job.id);
    }
  }
  if (commands.empty()) return {};
  auto answered = redis_->Pipeline(commands, deadline);
  if (!answered) {
    for (auto& [name, queue] : reading.queues) queue.started.reset();
    return Fail(answered.error());
  }
  RqReplies replies(std::move(*answered));
  for (auto& [name, queue] : reading.queues) {
    if (queue.next_id) queue.next_unix = EnqueuedAt(replies.Next());
    if (queue.newest_id == queue.next_id)
      queue.newest_unix = queue.next_unix;
    else if (queue.newest_id)
      queue.newest_unix = EnqueuedAt(replies.Next());
    if (!queue.started) continue;
    for (RqStartedJob& job : *queue.started) {
      const std::string member = job.id;
      const auto shorter = RqJobOfExecution(member);
      const bool found = shorter && TakeStartedJob(replies.Next(), *shorter, job);
      const RedisReply& whole = replies.Next();
      if (!found) TakeStartedJob(whole, member, job);
    }
  }
  return replies.status();
}

}  // namespace erpnext
