// SPDX-License-Identifier: Apache-2.0
// Read commands only, in pipelines.
#include "sources/rq_job_lists.h"

#include <algorithm>

#include "core/text.h"
#include "sources/rq.h"
#include "sources/rq_replies.h"

namespace erpnext {
namespace {

constexpr std::size_t kParts = kMaxListed / kChunk;

// The first index of each part.
std::vector<std::size_t> PartsOf(double length) {
  std::vector<std::size_t> begins;
  const bool whole = length <= static_cast<double>(kMaxListed);
  for (std::size_t part = 0; part < kParts; ++part) {
    const double begin = whole ? static_cast<double>(part * kChunk)
                               : (length - kChunk) * static_cast<double>(part) / (kParts - 1);
    if (begin >= length) break;
    begins.push_back(static_cast<std::size_t>(begin));
  }
  return begins;
}

void TakeQueued(RqReplies& replies, std::size_t parts, RqJobList& list) {
  for (std::size_t part = 0; part < parts; ++part) {
    for (std::string& id : replies.NextTexts().value_or(std::vector<std::string>())) {
      list.jobs.push_back({.id = std::move(id)});
    }
  }
  // Jobs that came or went since.
  list.length = std::max(list.length, static_cast<double>(list.jobs.size()));
  if (list.length <= static_cast<double>(kMaxListed)) {
    list.length = static_cast<double>(list.jobs.size());
  }
}

void TakeFailed(RqReplies& replies, double now, RqJobList& list) {
  std::size_t read = 0;
  for (std::size_t begin = 0; begin < kMaxFailed; begin += kChunk) {
    const auto texts = replies.NextTexts().value_or(std::vector<std::string>());
    for (std::size_t i = 0; i + 1 < texts.size(); i += 2, ++read) {
      const auto score = ParseNumber<double>(texts[i + 1]);
      if (score && (*score < 0 || *score > now)) list.jobs.push_back({.id = texts[i]});
    }
  }
  const auto all = replies.NextCount().value_or(0);
  list.length =
      static_cast<double>(list.jobs.size()) + std::max(0.0, all - static_cast<double>(read));
}

// Takes out the ids whose job is gone, and returns those of the others that are to be described:
// evenly from the whole list.
std::vector<RqListedJob*> TakeSizes(RqReplies& replies, RqJobList& list) {
  std::vector<double> sizes;
  std::vector<RqListedJob> there;
  for (RqListedJob& job : list.jobs) {
    const double size = replies.NextCount().value_or(0);
    if (size == 0) continue;  // RQ writes a description for each job
    there.push_back(std::move(job));
    sizes.push_back(size);
  }
  if (!list.jobs.empty()) {
    list.length *= static_cast<double>(there.size()) / static_cast<double>(list.jobs.size());
  }
  list.jobs = std::move(there);
  std::vector<RqListedJob*> chosen;
  const std::size_t count = std::min(list.jobs.size(), kMaxDescribed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i * list.jobs.size() / count;
    list.jobs[at].described = true;
    if (sizes[at] <= kMaxDescription) chosen.push_back(&list.jobs[at]);
  }
  return chosen;
}

Status Describe(RedisConnection& redis, std::map<std::string, RqJobLists>& lists,
                Deadline deadline) {
  std::vector<RedisCommand> commands;
  for (const auto& [queue, list] : lists) {
    for (const RqJobList* jobs : {&list.queued, &list.failed, &list.started}) {
      for (const RqListedJob& job : jobs->jobs) {
        commands.push_back({"HSTRLEN", "rq:job:" + job.id, "description"});
      }
    }
  }
  if (commands.empty()) return {};
  auto answered = redis.Pipeline(commands, deadline);
  if (!answered) {
    lists.clear();
    return Fail(answered.error());
  }
  RqReplies sizes(std::move(*answered));
  std::vector<RqListedJob*> chosen;
  for (auto& [queue, list] : lists) {
    for (RqJobList* jobs : {&list.queued, &list.failed, &list.started}) {
      for (RqListedJob* job : TakeSizes(sizes, *jobs)) chosen.push_back(job);
    }
  }
  commands.clear();
  for (const RqListedJob* job : chosen) {
    commands.push_back({"HMGET", "rq:job:" + job->id, "description"});
  }
  if (commands.empty()) return {};
  answered = redis.Pipeline(commands, deadline);
  if (!answered) return Fail(answered.error());
  RqReplies texts(std::move(*answered));
  for (RqListedJob* job : chosen) {
    const auto text = texts.NextTexts();
    if (text && text->size() == 1) job->description = text->front();
  }
  return {};
}

}  // namespace

Status ReadJobLists(RedisConnection& redis, const std::map<std::string, RqQueueToList>& queues,
                    double now, Deadline deadline, std::map<std::string, RqJobLists>& lists) {
  lists.clear();
  std::vector<RedisCommand> commands;
  for (const auto& [queue, known] : queues) {
    const std::string list = std::string(kRqQueuePrefix) + queue;
    const std::string failed = "rq:failed:" + queue;
    const auto last = [](std::size_t begin) { return std::to_string(begin + kChunk - 1); };
    for (const std::size_t begin : PartsOf(known.length)) {
      commands.push_back({"LRANGE", list, std::to_string(begin), last(begin)});
    }
    for (std::size_t begin = 0; begin < kMaxFailed; begin += kChunk) {
      commands.push_back({"ZRANGE", failed, std::to_string(begin), last(begin), "WITHSCORES"});
    }
    commands.push_back({"ZCARD", failed});
  }
  if (commands.empty()) return {};
  auto answered = redis.Pipeline(commands, deadline);
  if (!answered) return Fail(answered.error());
  RqReplies replies(std::move(*answered));
  for (const auto& [queue, known] : queues) {
    RqJobLists& list = lists[queue];
    list.queued.length = known.length;
    TakeQueued(replies, PartsOf(known.length).size(), list.queued);
    TakeFailed(replies, now, list.failed);
    list.started.length = static_cast<double>(known.started.size());
    for (const std::string& id : known.started) list.started.jobs.push_back({.id = id});
  }
  const Status described = Describe(redis, lists, deadline);
  return described ? replies.status() : described;
}

}  // namespace erpnext
