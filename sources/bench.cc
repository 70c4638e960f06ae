// SPDX-License-Identifier: Apache-2.0
// Finds benches and reads their files.
#include "sources/bench.h"

#include <glob.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/text.h"
#include "sources/bench_servers.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxFileBytes = 1U << 20;  // frappe/__init__.py of version 15 has 75 kB
constexpr std::size_t kMaxFolderEntries = 50'000;
constexpr std::size_t kMaxApps = 200;

struct EnvironmentKey {
  const char* variable;
  const char* key;
  int since;  // Frappe's major version that began to read it
};
constexpr EnvironmentKey kEnvironmentKeys[] = {
    {"FRAPPE_REDIS_QUEUE", "redis_queue", 15}, {"FRAPPE_REDIS_CACHE", "redis_cache", 15},
    {"FRAPPE_DB_TYPE", "db_type", 15},         {"FRAPPE_DB_SOCKET", "db_socket", 15},
    {"FRAPPE_DB_HOST", "db_host", 15},         {"FRAPPE_DB_PORT", "db_port", 15},
    {"FRAPPE_DB_USER", "db_user", 16},         {"FRAPPE_DB_PASSWORD", "db_password", 16},
    {"FRAPPE_DB_NAME", "db_name", 16},
};

using Environment = std::map<std::string, std::string>;

// An unknown version is taken for a new one: in containers the apps cannot be seen.
FrappeConfig EnvironmentLayer(const Environment& environment, std::optional<int> major) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const EnvironmentKey& entry : kEnvironmentKeys) {
    const auto found = environment.find(entry.variable);
    if (found == environment.end() || found->second.empty()) continue;
    if (major.value_or(entry.since) >= entry.since) pairs.emplace_back(entry.key, found->second);
  }
  return FrappeConfig::FromPairs(pairs);
}

// Names become parts of a path.
bool IsAppName(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

// A folder counts when bench or Frappe have left their mark in it. In containers often only the
// sites folder is mounted, so neither apps nor config are asked for.
bool LooksLikeBench(const std::string& path) {
  const std::string sites = JoinPath(path, "sites");
  return Exists(JoinPath(sites, "common_site_config.json")) || Exists(JoinPath(sites, "apps.txt"));
}

std::vector<std::string> Glob(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): only where a ~ is looked up
  if (glob(pattern.c_str(), GLOB_ONLYDIR, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

// The folder's name alone would put two benches' samples into one series.
void MakeNamesUnique(std::vector<Bench>& benches) {
  std::map<std::string, int> uses;
  for (const Bench& bench : benches) ++uses[bench.name];
  for (Bench& bench : benches) {
    if (uses[bench.name] > 1) bench.name = Bench::IdOfPath(bench.path);
  }
}

}  // namespace

std::string Bench::IdOfPath(const std::string& path) {
  std::string id = path.starts_with('/') ? path.substr(1) : path;
  std::replace(id.begin(), id.end(), '/', '-');
  return id;
}

std::string ParseAppVersion(std::string_view text) {
  while (const auto line = NextLine(text)) {
    std::string_view rest = *line;
    if (!rest.starts_with("__version__")) continue;
    rest = Trim(rest.substr(std::string_view("__version__").size()));
    if (!rest.starts_with('=')) continue;
    rest = Trim(rest.substr(1));
    if (rest.size() < 2 || (rest.front() != '"' && rest.front() != '\'')) continue;
    const std::size_t end = rest.find(rest.front(), 1);
    if (end != std::string_view::npos) return std::string(rest.substr(1, end - 1));
  }
  return {};
}

std::optional<int> MajorVersion(std::string_view version) {
  return ParseNumber<int>(version.substr(0, version.find('.')));
}

std::vector<BenchSetting> BenchReader::Candidates() const {
  if (!settings_.benches.empty()) return settings_.benches;
  std::vector<BenchSetting> candidates;
  for (const std::string& pattern : settings_.search) {
    for (const std::string& path : Glob(pattern)) {
      if (LooksLikeBench(path)) candidates.push_back({.path = path});
    }
  }
  const auto root = settings_.environment.find("FRAPPE_BENCH_ROOT");
  if (root != settings_.environment.end() && LooksLikeBench(root->second)) {
    candidates.push_back({.path = root->second});
  }
  return candidates;
}

Result<Inventory> BenchReader::Read(Deadline deadline) {
  Inventory inventory;
  for (auto& [path, cached] : configs_) cached.used = false;
  std::set<std::string> seen;
  for (const BenchSetting& candidate : Candidates()) {
    const auto real = RealPath(candidate.path);
    if (!real) {
      inventory.problems.push_back(real.error());
      continue;
    }
    if (!seen.insert(*real).second) continue;  // the same bench by another link
    auto bench = ReadBench({*real, candidate.name, candidate.id, candidate.web}, deadline);
    if (bench) {
      inventory.benches.push_back(std::move(*bench));
    } else if (bench.error().kind == ErrorKind::kTimeout) {
      return Fail(bench.error());
    } else {
      inventory.problems.push_back(bench.error());
    }
  }
  std::erase_if(configs_, [](const auto& item) { return !item.second.used; });
  std::sort(inventory.benches.begin(), inventory.benches.end(),
            [](const Bench& a, const Bench& b) { return a.path < b.path; });
  MakeNamesUnique(inventory.benches);
  return inventory;
}

Result<Bench> BenchReader::ReadBench(const BenchSetting& setting, Deadline deadline) {
  Bench bench;
  bench.path = setting.path;
  bench.web_address = setting.web;
  bench.name = setting.name.empty() ? std::string(BaseName(setting.path)) : setting.name;
  ReadApps(bench);

  const std::string path = JoinPath(bench.path, "sites/common_site_config.json");
  FrappeConfig common;
  if (auto read = ReadConfig(path)) {
    common = *read;
  } else if (read.error().kind != ErrorKind::kUnavailable) {
    bench.problems.push_back(read.error());
  }
  const FrappeConfig environment = EnvironmentLayer(settings_.environment, bench.frappe_major);
  bench.config = environment.Over(common);
  bench.id = !setting.id.empty()
                 ? setting.id
                 : bench.config.Text("bench_id").value_or(Bench::IdOfPath(bench.path));
  if (Status status = ReadSites(bench, common, environment, deadline); !status) {
    return Fail(status.error());
  }
  ReadServers(settings_.environment, bench);
  return bench;
}

// Frappe's get_sites: folders, not links, with a site_config.json in them.
Status BenchReader::ReadSites(Bench& bench, const FrappeConfig& common,
                              const FrappeConfig& environment, Deadline deadline) {
  const std::string folder = JoinPath(bench.path, "sites");
  const auto entries = ListDirectory(folder, kMaxFolderEntries);
  if (!entries) return Fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory) continue;
    if (deadline.Expired()) return Fail(ErrorKind::kTimeout, "{}: too slow to read", folder);
    Site site{entry.name, JoinPath(folder, entry.name), {}, {}};
    auto own = ReadConfig(JoinPath(site.path, "site_config.json"));
    if (own) {
      site.config = environment.Over(own->Over(common));
    } else {
      // Not there: no site, or one that is being removed this moment.
      if (own.error().kind == ErrorKind::kUnavailable) continue;
      site.config = environment.Over(common);
      site.problem = own.error();
    }
    bench.sites.push_back(std::move(site));
  }
  return {};
}

void BenchReader::ReadApps(Bench& bench) {
  const auto list = ReadFile(JoinPath(bench.path, "sites/apps.txt"), kMaxFileBytes);
  if (!list) return;
  std::string_view text = *list;
  while (const auto line = NextLine(text)) {
    const std::string name(Trim(*line));
    if (name.empty() || bench.apps.size() == kMaxApps) continue;
    if (!IsAppName(name)) {
      bench.problems.push_back(
          {ErrorKind::kMalformed, bench.path + "/sites/apps.txt: a line is no app name"});
      continue;
    }
    const std::string init = fmt::format("{}/apps/{}/{}/__init__.py", bench.path, name, name);
    bench.apps.push_back({name, ReadVersion(init)});
    if (name == "frappe") bench.frappe_major = MajorVersion(bench.apps.back().version);
  }
}

std::string BenchReader::ReadVersion(const std::string& path) {
  const auto stamp = StampOf(path);
  if (!stamp) return {};
  CachedVersion& cached = versions_[path];
  if (cached.stamp != *stamp) {
    const auto text = ReadFile(path, kMaxFileBytes);
    cached = {*stamp, text ? ParseAppVersion(*text) : std::string()};
  }
  return cached.version;
}

Result<FrappeConfig> BenchReader::ReadConfig(const std::string& path) {
  const auto stamp = StampOf(path);
  if (!stamp) {
    // A link that leads nowhere or in a circle does not exist for Python's os.path.exists either.
    const bool denied = stamp.error().kind == ErrorKind::kPermission;
    return Fail(denied ? ErrorKind::kPermission : ErrorKind::kUnavailable, stamp.error().message);
  }
  auto found = configs_.find(path);
  if (found == configs_.end() || found->second.stamp != *stamp) {
    const auto text = ReadFile(path, kMaxFileBytes);
    if (!text) return Fail(text.error());
    found = configs_.insert_or_assign(path, CachedConfig{*stamp, FrappeConfig::Parse(*text, path)})
                .first;
  }
  found->second.used = true;
  return found->second.config;
}

}  // namespace erpnext
