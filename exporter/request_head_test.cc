// SPDX-License-Identifier: Apache-2.0
#include "exporter/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace erpnext {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Head(const std::string& headers, const std::string& line = "GET / HTTP/1.1") {
  return line + "\r\nHost: h\r\n" + headers + "\r\n";
}

TEST(ReadRequestHead, GivesTheLibraryAPlainGet) {
  const struct {
    const char* line;
    const char* method;
    const char* expected;
  } rows[] = {
      {"GET /metrics HTTP/1.1", "GET", "GET /metrics HTTP/1.1\r\n"},
      {"HEAD /metrics HTTP/1.0", "HEAD", "GET /metrics HTTP/1.1\r\n"},
      {"BREW /pot HTTP/1.1", "BREW", "GET /pot HTTP/1.1\r\n"},
      {"GET http://h:1/m?x=1 HTTP/1.1", "GET", "GET /m?x=1 HTTP/1.1\r\n"},
      {"GET HTTPS://h HTTP/1.1", "GET", "GET / HTTP/1.1\r\n"},
      {"GET http://h?x HTTP/1.1", "GET", "GET /?x HTTP/1.1\r\n"},
      {"GET /a?b?c=? HTTP/1.1", "GET", "GET /a?b%3Fc=%3F HTTP/1.1\r\n"},
  };
  for (const auto& row : rows) {
    const auto head = ReadRequestHead(Head("", row.line));
    ASSERT_TRUE(head.has_value()) << row.line << ": " << head.error().reason;
    EXPECT_EQ(row.method, head->method);
    EXPECT_THAT(head->text, StartsWith(row.expected));
  }
}

TEST(ReadRequestHead, KnowsWhatBecomesOfTheConnection) {
  const struct {
    const char* version;
    const char* headers;
    bool keep_alive;
  } rows[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: CLOSE\r\n", false},
      {"1.1", "Connection: upgrade , close\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const auto& row : rows) {
    const auto head = ReadRequestHead(Head(row.headers, std::string("GET / HTTP/") + row.version));
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(row.keep_alive, head->keep_alive) << row.version << ' ' << row.headers;
  }
}

TEST(ReadRequestHead, TakesOutWhatTheLibraryWouldActOn) {
  const char* const headers[] = {
      "Range: bytes=0-1", "If-Range: x",   "Expect: 100-continue",       "REMOTE_ADDR: 6.6.6.6",
      "local_port: 1",    "Connection: x", "Content-Encoding: identity", "Content-Length: 0",
  };
  for (const std::string header : headers) {
    const auto head = ReadRequestHead(Head(header + "\r\nAccept: kept\r\n"));
    ASSERT_TRUE(head.has_value()) << header;
    EXPECT_EQ("GET / HTTP/1.1\r\nHost: h\r\nAccept: kept\r\n\r\n", head->text) << header;
  }
}

TEST(ReadRequestHead, KeepsPercentSignsFromBeingDecoded) {
  const auto head = ReadRequestHead(Head("X: a%0d%0aEvil: 1\r\n"));
  ASSERT_TRUE(head.has_value());
  EXPECT_THAT(head->text, HasSubstr("X: a%250d%250aEvil: 1\r\n"));
}

TEST(ReadRequestHead, Refuses) {
  const std::string nul(1, '\0');
  const struct {
    const char* name;
    std::string head;
    int status;
  } rows[] = {
      {"nothing", "", 400},
      {"an empty head", "\r\n\r\n", 400},
      {"no end", "GET / HTTP/1.1\r\nHost: h\r\n", 400},
      {"garbage", "\x16\x03\x01\x02 TLS\r\n\r\n", 400},
      {"two words", Head("", "GET /"), 400},
      {"four words", Head("", "GET / x HTTP/1.1"), 400},
      {"a tab for a blank", Head("", "GET\t/\tHTTP/1.1"), 400},
      {"a method that is no token", Head("", "G@T / HTTP/1.1"), 400},
      {"NUL in the path", Head("", "GET /a" + nul + "b HTTP/1.1"), 400},
      {"no path", Head("", "GET metrics HTTP/1.1"), 400},
      {"the form of OPTIONS", Head("", "OPTIONS * HTTP/1.1"), 400},
      {"the form of CONNECT", Head("", "CONNECT h:1 HTTP/1.1"), 400},
      {"no version", Head("", "GET / FTP/1.1"), 400},
      {"HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\n", 505},
      {"an old version", Head("", "GET / HTTP/0.9"), 505},
      {"a long path", Head("", "GET /" + std::string(8000, 'a') + " HTTP/1.1"), 414},
      {"a long header", Head("X: " + std::string(8000, 'a') + "\r\n"), 431},
      {"a header that grows", Head("X: " + std::string(4000, '%') + "\r\n"), 431},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", Head("Host: other\r\n"), 400},
      {"no colon", Head("Header\r\n"), 400},
      {"no name", Head(": x\r\n"), 400},
      {"a blank before the colon", Head("X : y\r\n"), 400},
      {"a line that continues another", Head("X: y\r\n z\r\n"), 400},
      {"NUL in a value", Head("X: a" + nul + "\r\n"), 400},
      {"a bare line feed", Head("X: a\nY: b\r\n"), 400},
      {"a bare carriage return", Head("X: a\rY: b\r\n"), 400},
      {"a body", Head("Content-Length: 1\r\n"), 413},
      {"a huge body", Head("Content-Length: 18446744073709551615\r\n"), 413},
      {"a length that does not fit", Head("Content-Length: 18446744073709551616\r\n"), 400},
      {"a negative length", Head("Content-Length: -1\r\n"), 400},
      {"a signed length", Head("Content-Length: +0\r\n"), 400},
      {"a length in hexadecimal", Head("Content-Length: 0x0\r\n"), 400},
      {"an empty length", Head("Content-Length:\r\n"), 400},
      {"two lengths", Head("Content-Length: 0\r\nContent-Length: 0\r\n"), 400},
      {"a list of lengths", Head("Content-Length: 0, 0\r\n"), 400},
      {"chunks", Head("Transfer-Encoding: chunked\r\n"), 413},
      {"chunks and a length", Head("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
      {"a compressed body", Head("Content-Encoding: gzip\r\nContent-Length: 20\r\n"), 415},
      {"a compressed nothing", Head("Content-Encoding: br\r\n"), 415},
  };
  for (const auto& row : rows) {
    const auto head = ReadRequestHead(row.head);
    ASSERT_FALSE(head.has_value()) << row.name;
    EXPECT_EQ(row.status, head.error().status) << row.name << ": " << head.error().reason;
  }
}

TEST(ReadRequestHead, AnOldClientNeedsNoHost) {
  EXPECT_TRUE(ReadRequestHead("GET / HTTP/1.0\r\n\r\n").has_value());
}

// Lines that are mostly right, and then one byte anywhere, so that the property reaches further
// than noise would.
RC_GTEST_PROP(ReadRequestHead, WhatItAcceptsHasNoControlsAndOneEnd, ()) {
  std::string text = "GET /?a=%00 HTTP/1.0\r\n";
  const auto lines = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "Accept: */*\r\n", "X:a%0d%0ab\r\n", "X: \xff\t\xc3\r\n", "A:\r\n", "Range: bytes=0-\r\n",
      "Connection: keep-alive\r\n", "Content-Length: 0\r\n", "Remote_Addr: 1\r\n"));
  for (const std::string& line : lines) text += line;
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
  if (*rc::gen::arbitrary<bool>()) text.insert(at, 1, *rc::gen::arbitrary<char>());
  const auto head = ReadRequestHead(text + "\r\n");
  RC_CLASSIFY(head.has_value());
  if (!head) {
    RC_ASSERT(head.error().status >= 400);
    return;
  }
  RC_ASSERT(head->text.find("\r\n\r\n") == head->text.size() - 4);
  const auto count = [&](char c) { return std::count(head->text.begin(), head->text.end(), c); };
  RC_ASSERT(count('\r') == count('\n'));
  RC_ASSERT(std::none_of(head->text.begin(), head->text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') ||
           c == '\x7f';
  }));
}

}  // namespace
}  // namespace erpnext
