// SPDX-License-Identifier: Apache-2.0
// How many bytes of a slow query log are read in a second, beside what it takes to find its entries
// at all: a search for one word in each line.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <string>

#include "core/text.h"
#include "sources/slow_log.h"

namespace erpnext {
namespace {

// Entries as MariaDB 10.11 writes them, of statements as Frappe makes them: a report, a list, a
// document that is saved with its texts.
std::string MakeLog(std::size_t bytes) {
  const std::string content(200, 'x');
  std::string log;
  for (std::size_t i = 0; log.size() < bytes; ++i) {
    log += fmt::format(
        "# Time: 261124 {:2}:{:02}:{:02}\n# User@Host: _64ba6a652e4ac6ee[_64ba6a652e4ac6ee] @ "
        "localhost [127.0.0.1]\n# Thread_id: {}  Schema: _64ba6a652e4ac6ee  QC_hit: No\n"
        "# Query_time: {}.500231  Lock_time: 0.000043  Rows_sent: {}  Rows_examined: {}\n"
        "# Rows_affected: 0  Bytes_sent: 1122\n# Full_scan: Yes  Full_join: No  Tmp_table: No  "
        "Tmp_table_on_disk: No\n# Filesort: No  Filesort_on_disk: No  Merge_passes: 0  "
        "Priority_queue: No\nSET timestamp={};\n",
        i / 3600 % 24, i / 60 % 60, i % 60, i, i % 9, i % 20, i * 7 % 50'000, 1795479652 + i);
    switch (i % 3) {
      case 0:
        log += fmt::format(
            "select voucher_no, sum(debit) - sum(credit) as balance, posting_date\n"
            "from `tabGL Entry` gle\nwhere company = 'Company {}' and is_cancelled = 0 and "
            "posting_date between '2026-01-01' and '2026-{:02}-01'\n  and account in ('{}', '{}', "
            "'x')\ngroup by voucher_no order by posting_date desc limit {}, 20",
            i % 7, i % 12 + 1, i, i * 3, i % 100);
        break;
      case 1:
        log += fmt::format(
            "SELECT `name`, `owner`, `creation`, `modified` FROM `tabSales Invoice` WHERE "
            "`tabSales Invoice`.`customer` LIKE '%{}%' AND `docstatus` < 2 ORDER BY `modified` "
            "DESC LIMIT 20 /* FRAPPE_TRACE_ID: f306b825-4e00-4733-a015-{:012} */",
            i, i);
        break;
      default:
        log += fmt::format(
            "UPDATE `tabVersion` SET `modified`='2026-11-24 00:00:00', `data`='{{\"a\": \"{}\", "
            "\"b\": \"it\\'s {}\"}}' WHERE `name`='{}'",
            content, content, i);
    }
    log += ";\n";
  }
  return log;
}

void SearchForAWord(benchmark::State& state) {
  const std::string log = MakeLog(16U << 20);
  for (auto _ : state) {
    std::size_t found = 0;
    std::string_view rest = log;
    while (const auto line = NextLine(rest)) {
      if (line->find("# Query_time") != std::string_view::npos) ++found;
    }
    benchmark::DoNotOptimize(found);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * log.size()));
}
BENCHMARK(SearchForAWord)->Unit(benchmark::kMillisecond);

void ParseSlowLog(benchmark::State& state) {
  const std::string log = MakeLog(16U << 20);
  for (auto _ : state) {
    std::size_t entries = 0;
    double seconds = 0;
    SlowLogParser parser([&](const SlowStatement& entry) {
      ++entries;
      seconds += entry.cost.seconds;
    });
    std::string_view rest = log;
    while (const auto line = NextLine(rest)) parser.Line(*line);
    parser.Pause();
    benchmark::DoNotOptimize(entries);
    benchmark::DoNotOptimize(seconds);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * log.size()));
}
BENCHMARK(ParseSlowLog)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace erpnext

BENCHMARK_MAIN();
