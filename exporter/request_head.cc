// SPDX-License-Identifier: Apache-2.0
// RFC 9112 as strict as it allows, because each leniency has been a hole somewhere.
#include "exporter/request_head.h"

#include <algorithm>
#include <optional>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

// cpp-httplib 0.11 takes lines up to 8192 bytes.
constexpr std::size_t kMaxLine = 8'000;

tl::unexpected<Refusal> Refuse(int status, std::string_view reason) {
  return tl::unexpected<Refusal>(Refusal{status, std::string(reason)});
}

bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

// Bare CR and LF, NUL and other controls have no place in a head.
bool HasControls(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

bool ListHas(std::string_view list, std::string_view wanted) {
  const auto elements = Split(list, ',');
  return std::any_of(elements.begin(), elements.end(),
                     [&](std::string_view element) { return ToLower(Trim(element)) == wanted; });
}

// "/metrics?x=1", also from "http://host/metrics?x=1", which every server must understand. Nothing
// for other forms.
std::optional<std::string> PathAndQuery(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (ToLower(target.substr(0, scheme.size())) != scheme) continue;
    target.remove_prefix(std::min(target.find_first_of("/?", scheme.size()), target.size()));
    if (!target.starts_with('/')) return "/" + std::string(target);
  }
  if (!target.starts_with('/')) return std::nullopt;
  return std::string(target);
}

// The library wants one question mark at most; a query may have more.
void EscapeInnerQuestionMarks(std::string& target) {
  std::size_t at = target.find('?');
  while (at != std::string::npos && (at = target.find('?', at + 1)) != std::string::npos) {
    target.replace(at, 1, "%3F");
  }
}

// Decides how the request ends and what becomes of the connection.
class HeadReader {
 public:
  tl::expected<RequestHead, Refusal> Read(std::string_view head) {
    if (!head.ends_with("\r\n\r\n")) return Refuse(400, "the request has no end");
    Verdict verdict = ReadRequestLine(CutLine(head));
    while (verdict && !head.starts_with(kLineEnd)) verdict = ReadHeader(CutLine(head));
    if (!verdict) return tl::unexpected<Refusal>(verdict.error());
    out_.text += kLineEnd;
    return Decide();
  }

 private:
  using Verdict = tl::expected<void, Refusal>;

  static std::string_view CutLine(std::string_view& head) {
    const std::string_view line = head.substr(0, head.find(kLineEnd));
    head.remove_prefix(line.size() + kLineEnd.size());
    return line;
  }

  Verdict ReadRequestLine(std::string_view line) {
    const auto words = Split(line, ' ');
    if (words.size() != 3 || !IsToken(words[0]) || HasControls(line)) {
      return Refuse(400, "the first line is no HTTP request");
    }
    const std::string_view version = words[2];
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
      return version.starts_with("HTTP/")
                 ? Refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
                 : Refuse(400, "the first line is no HTTP request");
    }
    auto target = PathAndQuery(words[1]);
    if (!target) return Refuse(400, "the request names no path");
    EscapeInnerQuestionMarks(*target);
    if (target->size() > kMaxLine) return Refuse(414, "the path and query are too long");
    http_1_0_ = version == "HTTP/1.0";
    out_.method = words[0];
    // The library answers 400 to methods it has not heard of; here every other one than a route's
    // own is a 405, so it never sees them.
    out_.text = "GET " + *target + " HTTP/1.1\r\n";
    return {};
  }

  Verdict ReadHeader(std::string_view line) {
    const std::size_t colon = line.find(':');
    // A name with blanks, or a line that continues the one before, is no token either.
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon)) || HasControls(line)) {
      return Refuse(400, "a header is malformed");
    }
    const std::string name = ToLower(line.substr(0, colon));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (Interpret(name, value)) return {};
    std::string kept = std::string(line.substr(0, colon)) + ": ";
    // The library decodes %0d%0a in values into a line end, which no server may.
    for (char c : value) kept += c == '%' ? std::string_view("%25") : std::string_view(&c, 1);
    if (kept.size() > kMaxLine) return Refuse(431, "a header is too long");
    out_.text += kept.append(kLineEnd);
    return {};
  }

  // True when the library shall not see the header.
  bool Interpret(std::string_view name, std::string_view value) {
    if (name == "host") {
      ++hosts_;
      return false;
    }
    if (name == "connection") {
      close_ = close_ || ListHas(value, "close");
      keep_alive_ = keep_alive_ || ListHas(value, "keep-alive");
    } else if (name == "content-length") {
      ambiguous_ = ambiguous_ || length_.has_value();
      length_ = ParseNumber<std::uint64_t>(value);
      ambiguous_ = ambiguous_ || !length_;
    } else if (name == "transfer-encoding") {
      transfer_encoding_ = true;
    } else if (name == "content-encoding") {
      content_encoding_ = content_encoding_ || ToLower(value) != "identity";
    } else {
      // Ranges multiply the answer, Expect is answered before routing, and REMOTE_ADDR and its
      // like would stand beside those that the library adds.
      return name == "range" || name == "if-range" || name == "expect" ||
             name.starts_with("remote_") || name.starts_with("local_");
    }
    return true;
  }

  tl::expected<RequestHead, Refusal> Decide() {
    if (hosts_ > 1 || (hosts_ == 0 && !http_1_0_))
      return Refuse(400, "there must be one Host header");
    if (ambiguous_ || (transfer_encoding_ && length_)) {
      return Refuse(400, "the length of the request is ambiguous");
    }
    if (content_encoding_) return Refuse(415, "compressed requests are not accepted");
    if (transfer_encoding_ || length_.value_or(0) > 0) {
      return Refuse(413, "requests with a body are not accepted");
    }
    out_.keep_alive = !close_ && (keep_alive_ || !http_1_0_);
    return std::move(out_);
  }

  RequestHead out_;
  int hosts_ = 0;
  bool http_1_0_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
  bool ambiguous_ = false;
  bool transfer_encoding_ = false;
  bool content_encoding_ = false;
  std::optional<std::uint64_t> length_;
};

}  // namespace

tl::expected<RequestHead, Refusal> ReadRequestHead(std::string_view head) {
  return HeadReader().Read(head);
}

}  // namespace erpnext
