// SPDX-License-Identifier: Apache-2.0
// What a web client sends: the head of a request, and the headers that choose the answer's form.
#include <string>

#include "exporter/accept.h"
#include "exporter/listen_address.h"
#include "exporter/request_head.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  (void)erpnext::NegotiateFormat(text);
  (void)erpnext::AcceptsGzip(text);
  (void)erpnext::ParseListenAddress(text);

  if (const auto head = erpnext::ReadRequestHead(text)) {
    Require(head->text.starts_with("GET "), "the library sees only GET");
    Require(head->text.ends_with("\r\n\r\n"), "the head is complete");
    Require(head->text.find("\r\n\r\n") == head->text.size() - 4, "there is one request, no more");
    Require(head->text.find('\0') == std::string::npos, "no NUL reaches the library");
  } else {
    Require(head.error().status >= 400 && head.error().status < 600, "a refusal has a status");
  }
  return 0;
}
