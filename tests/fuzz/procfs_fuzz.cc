// SPDX-License-Identifier: Apache-2.0
// Files of /proc, of any kernel. The first byte chooses the parser.
#include "sources/procfs.h"
#include "tests/fuzz/fuzz.h"

using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = erpnext::fuzz::AsText(data + 1, size - 1);
  constexpr double kTicksPerSecond = 100;
  switch (data[0]) {
    case 'm':
      if (const auto fields = erpnext::ParseMemInfo(text)) {
        for (const auto& field : *fields) Require(!field.name.empty(), "a field has a name");
      }
      break;
    case 'v':
      for (const auto& [name, value] : erpnext::ParseNameValueLines(text)) {
        Require(!name.empty(), "a line has a name");
      }
      break;
    case 's':
      if (const auto stat = erpnext::ParseKernelStat(text, kTicksPerSecond)) {
        for (const auto& cpu : stat->cpus) Require(!cpu.cpu.empty(), "a processor has a number");
      }
      break;
    case 'l': (void)erpnext::ParseLoadAverage(text); break;
    case 'p': (void)erpnext::ParsePressure(text); break;
    case 'i':
      for (const auto& mount : erpnext::ParseMountInfo(text)) {
        Require(!mount.mountpoint.empty() && !mount.fstype.empty(), "a mount is complete");
      }
      break;
    case 't': (void)erpnext::ParseProcessStat(text, kTicksPerSecond); break;
    default: break;
  }
  return 0;
}
