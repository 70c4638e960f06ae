// SPDX-License-Identifier: Apache-2.0
// Reads /proc/<pid>/cmdline, which everybody may, and /proc/<pid>/cwd, which only few may.
#include "sources/bench_processes.h"

#include <algorithm>
#include <filesystem>

#include "core/text.h"
#include "sources/file.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxProcesses = 100'000;
constexpr std::size_t kMaxBytes = 1U << 20;
constexpr std::size_t kMaxWords = 32;
constexpr std::string_view kHelper = "frappe.utils.bench_helper";

bool IsProcess(const DirectoryEntry& entry) {
  return entry.is_directory && entry.name.find_first_not_of("0123456789") == std::string::npos;
}

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

Result<ProcessList> ProcessList::Read(const std::string& proc_path, Deadline deadline) {
  const auto entries = ListDirectory(proc_path, kMaxProcesses);
  if (!entries) return Fail(entries.error());
  ProcessList list;
  for (const DirectoryEntry& entry : *entries) {
    if (!IsProcess(entry)) continue;
    if (deadline.Expired()) return Fail(ErrorKind::kTimeout, "{}: not read in time", proc_path);
    const std::string folder = JoinPath(proc_path, entry.name);
    const auto cmdline = ReadFile(JoinPath(folder, "cmdline"), kMaxBytes);
    if (!cmdline) continue;  // it has ended meanwhile
    std::error_code failed;
    const bool frappe = cmdline->find(kHelper) != std::string::npos;
    const auto works_in =
        frappe ? std::filesystem::read_symlink(JoinPath(folder, "cwd"), failed) : "";
    list.Add(*cmdline, failed ? "" : works_in.string());
  }
  return list;
}

void ProcessList::Add(std::string_view cmdline, std::string_view folder) {
  if (cmdline.find("/env/bin/") == std::string_view::npos &&
      cmdline.find(kHelper) == std::string_view::npos) {
    return;
  }
  Process process;
  for (std::string_view word : Split(cmdline, '\0')) {
    if (process.words.size() < kMaxWords) process.words.emplace_back(word);
  }
  process.folder = folder;
  processes_.push_back(std::move(process));
}

bool ProcessList::BelongsTo(const Process& process, std::string_view bench_path) {
  const std::string programs = JoinPath(bench_path, "env/bin");
  // The interpreter, or the script behind it, as gunicorn has it.
  for (std::size_t i = 0; i < std::min<std::size_t>(process.words.size(), 2); ++i) {
    if (IsBelow(process.words[i], programs)) return true;
  }
  return IsBelow(process.folder, bench_path);
}

bool ProcessList::Any(std::string_view bench_path) const {
  return std::any_of(processes_.begin(), processes_.end(),
                     [&](const Process& process) { return BelongsTo(process, bench_path); });
}

bool ProcessList::Scheduler(std::string_view bench_path) const {
  return std::any_of(processes_.begin(), processes_.end(), [&](const Process& process) {
    const auto& words = process.words;
    // "python -m frappe.utils.bench_helper frappe schedule"
    const auto helper = std::find(words.begin(), words.end(), kHelper);
    return words.end() - helper > 2 && helper[2] == "schedule" && BelongsTo(process, bench_path);
  });
}

}  // namespace erpnext
