// SPDX-License-Identifier: Apache-2.0
#include "exporter/accept.h"

#include <gtest/gtest.h>

namespace erpnext {
namespace {

constexpr auto kText = ExpositionFormat::kText;
constexpr auto kOpenMetrics = ExpositionFormat::kOpenMetrics;

TEST(NegotiateFormat, PicksWhatTheClientPrefers) {
  const struct {
    const char* name;
    const char* accept;
    ExpositionFormat expected;
  } rows[] = {
      {"no header", "", kText},
      {"anything", "*/*", kText},
      {"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kText},
      {"Prometheus 2.42",
       "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
       "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpenMetrics},
      {"Prometheus 3",
       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
       "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       kOpenMetrics},
      {"Prometheus 3 with protobuf first",
       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
       "encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.2",
       kOpenMetrics},
      {"Prometheus 3 told to use text",
       "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2",
       kText},
      {"Prometheus before OpenMetrics", "text/plain;version=0.0.4;q=1,*/*;q=0.1", kText},
      {"OpenMetrics of any version", "application/openmetrics-text", kOpenMetrics},
      {"OpenMetrics 1.0.0 alone", "application/openmetrics-text; version=1.0.0", kOpenMetrics},
      {"the version in quotes", "application/openmetrics-text;version=\"1.0.0\"", kOpenMetrics},
      {"capital letters", "Application/OpenMetrics-Text;Version=1.0.0", kOpenMetrics},
      {"blanks everywhere", " application/openmetrics-text ; version=1.0.0 ; q=0.9 , */* ; q=0.1 ",
       kOpenMetrics},
      {"OpenMetrics 0.0.1 alone", "application/openmetrics-text;version=0.0.1", kText},
      {"OpenMetrics 2 alone", "application/openmetrics-text;version=2.0.0", kText},
      {"OpenMetrics 2, or anything", "application/openmetrics-text;version=2.0.0,*/*;q=0.1", kText},
      {"OpenMetrics refused", "application/openmetrics-text;q=0,*/*", kText},
      {"OpenMetrics liked less", "application/openmetrics-text;q=0.4,text/plain;q=0.5", kText},
      {"OpenMetrics liked less than anything", "application/openmetrics-text;q=0.4,*/*", kText},
      {"OpenMetrics liked as much and first", "application/openmetrics-text,text/plain",
       kOpenMetrics},
      {"OpenMetrics liked as much but later", "text/plain,application/openmetrics-text", kText},
      {"OpenMetrics liked as much as anything", "*/*,application/openmetrics-text", kOpenMetrics},
      {"text refused", "text/plain;q=0,*/*;q=0.3", kOpenMetrics},
      {"a group", "application/*,text/*;q=0.5", kOpenMetrics},
      {"only text of a group", "text/*", kText},
      {"neither", "image/png", kText},
      {"a quality that is no number", "application/openmetrics-text;q=high,text/plain;q=0.1",
       kText},
      {"a quality above one", "application/openmetrics-text;q=7,text/plain;q=0.1", kText},
      {"a negative quality", "application/openmetrics-text;q=-1,text/plain;q=0.1", kText},
      {"a quality of NaN", "application/openmetrics-text;q=nan,text/plain;q=0.1", kText},
      {"only separators", ",;,=;q=,;;", kText},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.expected, NegotiateFormat(row.accept)) << row.name;
  }
}

TEST(AcceptsGzip, OnlyWhereTheClientDoes) {
  const struct {
    const char* name;
    const char* accept_encoding;
    bool expected;
  } rows[] = {
      {"no header", "", false},
      {"Prometheus", "gzip", true},
      {"curl", "deflate, gzip, br, zstd", true},
      {"an old name", "x-gzip", true},
      {"capital letters", "GZIP", true},
      {"anything", "*", true},
      {"little", "gzip;q=0.001", true},
      {"no", "gzip;q=0", false},
      {"no, with decimals", "gzip;q=0.000", false},
      {"no, though anything", "*, gzip;q=0", false},
      {"yes, though nothing else", "*;q=0, gzip", true},
      {"nothing", "*;q=0", false},
      {"another", "br, deflate", false},
      {"another that begins alike", "gzipped", false},
      {"identity only", "identity", false},
      {"a quality that is no number", "gzip;q=x", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.expected, AcceptsGzip(row.accept_encoding)) << row.name;
  }
}

}  // namespace
}  // namespace erpnext
