// SPDX-License-Identifier: Apache-2.0
// Asks a Redis server: pipelines of read commands, each within a deadline.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "sources/backoff.h"
#include "sources/channel.h"
#include "sources/redis_endpoint.h"

namespace erpnext {

struct RedisReply {
  enum class Type : std::uint8_t { kNil, kInteger, kString, kArray, kError };

  Type type = Type::kNil;
  std::int64_t integer = 0;
  std::string text;  // of a string, a status or an error
  std::vector<RedisReply> elements;

  bool is_error() const { return type == Type::kError; }
  // Nothing when the reply is of another type.
  std::optional<std::int64_t> AsInteger() const;
  const std::string* AsString() const;
};

using RedisCommand = std::vector<std::string>;

// The kind and text of an error reply: NOPERM and WRONGPASS are permission, LOADING unavailable.
Error RedisReplyError(const RedisReply& reply);

// What collectors see of a Redis server. One thread at a time.
class RedisConnection {
 public:
  virtual ~RedisConnection() = default;

  // Sends all commands, then reads as many replies: one round trip. Error replies are values. An
  // error of the call means that there are no replies at all: refused, unavailable, timeout,
  // permission (at login), limit (no more clients taken), protocol (no or too large an answer).
  virtual Result<std::vector<RedisReply>> Pipeline(std::span<const RedisCommand> commands,
                                                   Deadline deadline) = 0;
};

// The real one. Keeps one connection, which it makes when it is needed; after a failure it
// waits a little longer each time before it tries again, and meanwhile returns the same error. At
// most 16 MiB and a million elements are accepted in answer to a pipeline.
class RedisClient final : public RedisConnection {
 public:
  explicit RedisClient(RedisEndpoint endpoint);
  ~RedisClient() override;

  Result<std::vector<RedisReply>> Pipeline(std::span<const RedisCommand> commands,
                                           Deadline deadline) override;

  const RedisEndpoint& endpoint() const { return endpoint_; }

  // Round trips made so far, those of logging in not counted.
  std::uint64_t round_trips() const { return round_trips_; }

 private:
  class Connection;

  Status Connect(Deadline deadline);

  RedisEndpoint endpoint_;
  std::unique_ptr<Connection> connection_;
  std::shared_ptr<TlsContext> tls_;
  Backoff backoff_;
  std::optional<Error> last_failure_;
  std::uint64_t round_trips_ = 0;
};

}  // namespace erpnext
