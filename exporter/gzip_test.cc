// SPDX-License-Identifier: Apache-2.0
#include "exporter/gzip.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

#include <vector>

namespace erpnext {
namespace {

// Reads one gzip member and demands that nothing follows it.
std::string Gunzip(const std::string& compressed) {
  z_stream stream{};
  EXPECT_EQ(Z_OK, inflateInit2(&stream, 15 + 16));
  std::string out(1 << 22, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(Z_STREAM_END, inflate(&stream, Z_FINISH));
  EXPECT_EQ(0u, stream.avail_in);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string RoundTrip(const std::vector<std::string>& texts) {
  std::vector<GzipPart> parts;
  for (const std::string& text : texts) parts.push_back(Compress(text));
  std::vector<const GzipPart*> pointers;
  for (const GzipPart& part : parts) pointers.push_back(&part);
  return Gunzip(AssembleGzip(pointers));
}

TEST(Gzip, NoPartsAreAnEmptyDocument) { EXPECT_EQ("", RoundTrip({})); }

TEST(Gzip, PartsStandBehindEachOther) {
  EXPECT_EQ("onetwothree", RoundTrip({"one", "", "two", "three"}));
}

TEST(Gzip, CompressesLongText) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "metric{label=\"" + std::to_string(i) + "\"} 1\n";
  EXPECT_EQ(text + text, RoundTrip({text, text}));
  EXPECT_LT(Compress(text).deflated.size(), text.size() / 4);
}

RC_GTEST_PROP(Gzip, AnyPartsReadBackAsTheirSum, (const std::vector<std::string>& texts)) {
  std::string sum;
  for (const std::string& text : texts) sum += text;
  RC_ASSERT(RoundTrip(texts) == sum);
}

}  // namespace
}  // namespace erpnext
