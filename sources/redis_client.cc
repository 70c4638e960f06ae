// SPDX-License-Identifier: Apache-2.0
// hiredis formats commands and parses replies; the channel below bounds time and size.
#include "sources/redis_client.h"

#include <hiredis/hiredis.h>

#include <array>
#include <utility>

namespace erpnext {
namespace {

constexpr std::size_t kMaxReplyBytes = 16U << 20;
constexpr int kMaxElements = 1'000'000;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};
using Reader = std::unique_ptr<redisReader, FreeReader>;

const redisReplyObjectFunctions& LibraryFunctions() {
  static const redisReplyObjectFunctions functions = *Reader(redisReaderCreate())->fn;
  return functions;
}

// An array header announces how many elements follow, and hiredis allocates for them at once: a
// number beyond all reason is refused before that. hiredis 0.14 has no limit of its own.
void* CreateBoundedArray(const redisReadTask* task, int elements) {
  return elements > kMaxElements ? nullptr : LibraryFunctions().createArray(task, elements);
}

Reader MakeReader() {
  static const redisReplyObjectFunctions functions = [] {
    redisReplyObjectFunctions bounded = LibraryFunctions();
    bounded.createArray = CreateBoundedArray;
    return bounded;
  }();
  Reader reader(redisReaderCreate());
  reader->fn = const_cast<redisReplyObjectFunctions*>(&functions);
  return reader;
}

RedisReply Convert(const redisReply& from) {
  RedisReply reply;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      reply.type = RedisReply::Type::kInteger;
      reply.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      reply.type =
          from.type == REDIS_REPLY_ERROR ? RedisReply::Type::kError : RedisReply::Type::kString;
      reply.text.assign(from.str, static_cast<std::size_t>(from.len));
      break;
    case REDIS_REPLY_ARRAY:
      reply.type = RedisReply::Type::kArray;
      reply.elements.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i) {
        reply.elements.push_back(Convert(*from.element[i]));
      }
      break;
    default: break;
  }
  return reply;
}

constexpr std::string_view kTooManyClients = "ERR max number of clients";

// What a server says to whatever command comes first.
bool IsRefusal(const RedisReply& reply) {
  return reply.is_error() &&
         (reply.text.starts_with("NOAUTH") || reply.text.starts_with("LOADING") ||
          reply.text.starts_with(kTooManyClients));
}

void AppendCommand(const RedisCommand& command, std::string& out) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const long long size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                                words.data(), lengths.data());
  if (size < 0) throw std::bad_alloc();
  out.append(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
}

}  // namespace

std::optional<std::int64_t> RedisReply::AsInteger() const {
  return type == Type::kInteger ? std::optional(integer) : std::nullopt;
}

const std::string* RedisReply::AsString() const { return type == Type::kString ? &text : nullptr; }

Error RedisReplyError(const RedisReply& reply) {
  const std::string_view text = reply.text;
  ErrorKind kind = ErrorKind::kProtocol;
  for (std::string_view code : {"NOAUTH", "WRONGPASS", "NOPERM", "ERR invalid password", "ERR AUTH",
                                "ERR Client sent AUTH"}) {
    if (text.starts_with(code)) kind = ErrorKind::kPermission;
  }
  if (text.starts_with("LOADING") || text.starts_with("MASTERDOWN")) kind = ErrorKind::kUnavailable;
  if (text.starts_with(kTooManyClients)) {
    return {ErrorKind::kLimit, "Redis takes no more clients; see its setting maxclients"};
  }
  if (text.starts_with("WRONGTYPE")) kind = ErrorKind::kMalformed;
  // The first word is a code; what follows may quote keys or arguments.
  return {kind, fmt::format("Redis answered {}", text.substr(0, text.find(' ')))};
}

class RedisClient::Connection {
 public:
  explicit Connection(Channel channel) : channel_(std::move(channel)), reader_(MakeReader()) {}

  Result<std::vector<RedisReply>> Exchange(std::span<const RedisCommand> commands,
                                           Deadline deadline) {
    channel_.set_deadline(deadline);
    channel_.set_read_budget(kMaxReplyBytes);
    std::string request;
    for (const RedisCommand& command : commands) AppendCommand(command, request);
    if (Status status = channel_.WriteAll(request); !status) return Fail(status.error());
    std::vector<RedisReply> replies;
    replies.reserve(commands.size());
    while (replies.size() < commands.size()) {
      auto reply = ReadReply();
      if (!reply && !replies.empty() && IsRefusal(replies.front())) {
        return Fail(RedisReplyError(replies.front()));  // and closed the connection
      }
      if (!reply) return Fail(reply.error());
      replies.push_back(std::move(*reply));
    }
    // Bytes nobody asked for would be taken for the answers of the next exchange.
    if (reader_->pos != reader_->len)
      return Fail(ErrorKind::kProtocol, "more replies than commands");
    return replies;
  }

 private:
  Result<RedisReply> ReadReply() {
    std::array<char, 16384> buffer;
    for (;;) {
      void* raw = nullptr;
      if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
        return Fail(ErrorKind::kProtocol, "not a Redis reply");
      }
      if (raw != nullptr) {
        const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
        return Convert(*reply);
      }
      const auto got = channel_.Read(buffer.data(), buffer.size());
      if (!got && got.error().kind == ErrorKind::kLimit) {
        return Fail(ErrorKind::kProtocol, "answer larger than {} bytes", kMaxReplyBytes);
      }
      if (!got) return Fail(got.error());
      if (*got == 0) return Fail(ErrorKind::kUnavailable, "connection closed");
      if (redisReaderFeed(reader_.get(), buffer.data(), *got) != REDIS_OK) {
        return Fail(ErrorKind::kProtocol, "not a Redis reply");
      }
    }
  }

  Channel channel_;
  Reader reader_;
};

RedisClient::RedisClient(RedisEndpoint endpoint) : endpoint_(std::move(endpoint)) {}
RedisClient::~RedisClient() = default;

Status RedisClient::Connect(Deadline deadline) {
  auto channel = Channel::Connect(endpoint_.address, deadline);
  if (!channel) return Fail(channel.error());
  if (endpoint_.tls) {
    if (!tls_) {
      auto context =
          TlsContext::ForClient({endpoint_.verify, endpoint_.ca_file, /*certificate_file=*/"",
                                 /*key_file=*/""});
      if (!context) return Fail(context.error());
      tls_ = *context;
    }
    if (Status s = channel->StartTls(tls_, endpoint_.address.host, deadline); !s) return s;
  }
  auto connection = std::make_unique<Connection>(std::move(*channel));

  std::vector<RedisCommand> login;
  if (!endpoint_.password.empty()) {
    login.push_back({"AUTH"});
    if (!endpoint_.user.empty()) login.back().push_back(endpoint_.user);
    login.back().push_back(endpoint_.password.Reveal());
  }
  if (endpoint_.database != 0) login.push_back({"SELECT", std::to_string(endpoint_.database)});
  if (!login.empty()) {
    const auto replies = connection->Exchange(login, deadline);
    if (!replies) return Fail(replies.error());
    for (const RedisReply& reply : *replies) {
      if (reply.is_error()) return Fail(RedisReplyError(reply));
    }
  }
  connection_ = std::move(connection);
  return {};
}

Result<std::vector<RedisReply>> RedisClient::Pipeline(std::span<const RedisCommand> commands,
                                                      Deadline deadline) {
  const auto fail = [&](const Error& error) {
    connection_.reset();
    backoff_.Failed(Deadline::Clock::now());
    last_failure_ = Error{error.kind, fmt::format("{}: {}", endpoint_.Text(), error.message)};
    return Fail(*last_failure_);
  };
  // A server that was restarted closed the connection we kept: that is no failure yet.
  const bool kept = connection_ != nullptr;
  if (!kept) {
    if (!backoff_.MayTry(Deadline::Clock::now())) return Fail(*last_failure_);
    if (Status status = Connect(deadline); !status) return fail(status.error());
  }
  ++round_trips_;
  auto replies = connection_->Exchange(commands, deadline);
  if (!replies && kept && replies.error().kind == ErrorKind::kUnavailable) {
    connection_.reset();
    if (Status status = Connect(deadline); !status) return fail(status.error());
    replies = connection_->Exchange(commands, deadline);
  }
  if (!replies) return fail(replies.error());
  if (!replies->empty() && IsRefusal(replies->front())) {
    return fail(RedisReplyError(replies->front()));
  }
  backoff_.Succeeded();
  return replies;
}

}  // namespace erpnext
