// SPDX-License-Identifier: Apache-2.0
// Parsers of files below /proc.
#include "sources/procfs.h"

#include "core/text.h"
#include "sources/file.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxBytes = 4U << 20;

std::optional<double> Number(std::string_view text) { return ParseNumber<double>(text); }

// mountinfo writes blank, tab, newline and backslash as three octal digits.
std::string UnescapeMount(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      int value = 0;
      bool octal = true;
      for (std::size_t k = 1; k <= 3; ++k) {
        octal = octal && text[i + k] >= '0' && text[i + k] <= '7';
        value = value * 8 + (text[i + k] - '0');
      }
      if (octal && value < 256) {
        out.push_back(static_cast<char>(value));
        i += 3;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

Result<CpuTimes> ParseCpuLine(const std::vector<std::string_view>& words, double ticks) {
  CpuTimes times;
  times.cpu = words[0].substr(3);
  double* const fields[] = {&times.user,   &times.nice,      &times.system,  &times.idle,
                            &times.iowait, &times.irq,       &times.softirq, &times.steal,
                            &times.guest,  &times.guest_nice};
  for (std::size_t i = 0; i < std::size(fields) && i + 1 < words.size(); ++i) {
    const auto value = Number(words[i + 1]);
    if (!value) return Fail(ErrorKind::kMalformed, "stat: line {} has no numbers", words[0]);
    *fields[i] = *value / ticks;
  }
  return times;
}

}  // namespace

Result<std::vector<MemInfoField>> ParseMemInfo(std::string_view text) {
  std::vector<MemInfoField> fields;
  while (const auto line = NextLine(text)) {
    const auto words = SplitBlanks(*line);
    if (words.empty()) continue;
    if (words.size() < 2 || words.size() > 3 || !words[0].ends_with(':')) {
      return Fail(ErrorKind::kMalformed, "meminfo: a line is not \"name: number unit\"");
    }
    const auto value = Number(words[1]);
    if (!value) return Fail(ErrorKind::kMalformed, "meminfo: {} is no number", words[0]);
    const bool is_bytes = words.size() == 3;  // the unit is always kB
    fields.push_back({std::string(words[0].substr(0, words[0].size() - 1)),
                      is_bytes ? *value * 1024 : *value, is_bytes});
  }
  if (fields.empty()) return Fail(ErrorKind::kMalformed, "meminfo: empty");
  return fields;
}

std::vector<std::pair<std::string, double>> ParseNameValueLines(std::string_view text) {
  std::vector<std::pair<std::string, double>> values;
  while (const auto line = NextLine(text)) {
    const auto words = SplitBlanks(*line);
    if (words.size() != 2) continue;
    if (const auto value = Number(words[1])) values.emplace_back(std::string(words[0]), *value);
  }
  return values;
}

Result<KernelStat> ParseKernelStat(std::string_view text, double ticks) {
  KernelStat stat;
  while (const auto line = NextLine(text)) {
    const auto words = SplitBlanks(*line);
    if (words.size() < 2) continue;
    const std::string_view name = words[0];
    if (name.starts_with("cpu") && name.size() > 3) {  // "cpu" alone is the sum
      auto times = ParseCpuLine(words, ticks);
      if (!times) return Fail(times.error());
      stat.cpus.push_back(std::move(*times));
    } else if (name == "btime") {
      stat.boot_time_unix = Number(words[1]);
    } else if (name == "intr") {
      stat.interrupts = Number(words[1]);
    } else if (name == "ctxt") {
      stat.context_switches = Number(words[1]);
    } else if (name == "processes") {
      stat.forks = Number(words[1]);
    } else if (name == "procs_running") {
      stat.processes_running = Number(words[1]);
    } else if (name == "procs_blocked") {
      stat.processes_blocked = Number(words[1]);
    }
  }
  if (stat.cpus.empty()) return Fail(ErrorKind::kMalformed, "stat: no line of a processor");
  return stat;
}

Result<LoadAverage> ParseLoadAverage(std::string_view text) {
  const auto words = SplitBlanks(Trim(text));
  if (words.size() >= 3) {
    const auto one = Number(words[0]);
    const auto five = Number(words[1]);
    const auto fifteen = Number(words[2]);
    if (one && five && fifteen) return LoadAverage{*one, *five, *fifteen};
  }
  return Fail(ErrorKind::kMalformed, "loadavg: does not begin with three numbers");
}

Result<Pressure> ParsePressure(std::string_view text) {
  Pressure pressure;
  while (const auto line = NextLine(text)) {
    const auto words = SplitBlanks(*line);
    if (words.empty()) continue;
    for (std::string_view word : words) {
      if (!word.starts_with("total=")) continue;
      const auto micros = Number(word.substr(6));
      if (!micros) return Fail(ErrorKind::kMalformed, "pressure: total is no number");
      if (words[0] == "some") pressure.some = *micros / 1e6;
      if (words[0] == "full") pressure.full = *micros / 1e6;
    }
  }
  if (!pressure.some) return Fail(ErrorKind::kMalformed, "pressure: no line \"some\"");
  return pressure;
}

std::vector<Mount> ParseMountInfo(std::string_view text) {
  std::vector<Mount> mounts;
  while (const auto line = NextLine(text)) {
    // id parent major:minor root mountpoint options [optional...] - fstype source superoptions
    const std::size_t dash = line->find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto left = SplitBlanks(line->substr(0, dash));
    const auto right = SplitBlanks(line->substr(dash + 3));
    if (left.size() < 6 || right.size() < 2) continue;
    Mount mount;
    mount.mountpoint = UnescapeMount(left[4]);
    mount.fstype = std::string(right[0]);
    mount.device = UnescapeMount(right[1]);
    const auto has_ro = [](std::string_view options) {
      for (std::string_view option : Split(options, ',')) {
        if (option == "ro") return true;
      }
      return false;
    };
    mount.read_only = has_ro(left[5]) || (right.size() > 2 && has_ro(right[2]));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Result<ProcessStat> ParseProcessStat(std::string_view text, double ticks) {
  // The name in parentheses may hold anything; what follows the last ')' is field 3 and on.
  const std::size_t name_end = text.rfind(')');
  const auto words = name_end == std::string_view::npos
                         ? std::vector<std::string_view>()
                         : SplitBlanks(Trim(text.substr(name_end + 1)));
  const auto field = [&](std::size_t number) -> std::optional<double> {  // as numbered in proc(5)
    return number - 3 < words.size() ? Number(words[number - 3]) : std::nullopt;
  };
  const auto parent = field(4), user = field(14), system = field(15), threads = field(20),
             start = field(22), virtual_bytes = field(23), resident = field(24);
  if (!parent || !user || !system || !threads || !start || !virtual_bytes || !resident) {
    return Fail(ErrorKind::kMalformed, "process stat: fields are missing");
  }
  return ProcessStat{*parent,  (*user + *system) / ticks, *threads, *start, *virtual_bytes,
                     *resident};
}

Result<std::string> ProcFs::Read(std::string_view name) const {
  return ReadFile(JoinPath(root_, name), kMaxBytes);
}

}  // namespace erpnext
