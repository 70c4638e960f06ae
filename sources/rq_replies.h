// SPDX-License-Identifier: Apache-2.0
// Takes the replies of a pipeline in the order of its commands.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sources/redis_client.h"

namespace erpnext {

// Keeps the first error reply.
class RqReplies {
 public:
  explicit RqReplies(std::vector<RedisReply> replies) : replies_(std::move(replies)) {}

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
  std::optional<std::string> NextText() {
    const std::string* text = Next().AsString();
    return text != nullptr ? std::optional(*text) : std::nullopt;
  }
  // The texts of an array; nothing when the answer is none.
  std::optional<std::vector<std::string>> NextTexts() {
    const RedisReply& reply = Next();
    if (reply.type != RedisReply::Type::kArray) return std::nullopt;
    std::vector<std::string> texts;
    texts.reserve(reply.elements.size());
    for (const RedisReply& element : reply.elements) texts.push_back(element.text);
    return texts;
  }
  // Members that begin with `prefix`, without it. Nothing when the answer is no array.
  std::optional<std::set<std::string>> NextMembers(std::string_view prefix) {
    const auto texts = NextTexts();
    if (!texts) return std::nullopt;
    std::set<std::string> members;
    for (const std::string& text : *texts) {
      if (text.starts_with(prefix)) members.insert(text.substr(prefix.size()));
    }
    return members;
  }

  const Status& status() const { return status_; }

 private:
  std::vector<RedisReply> replies_;
  std::size_t at_ = 0;
  Status status_;
};

}  // namespace erpnext
