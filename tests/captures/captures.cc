// SPDX-License-Identifier: Apache-2.0
// Finds and reads captures.
#include "captures.h"

#include <re2/re2.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace erpnext {

namespace fs = std::filesystem;

bool IsCi() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string(ci) == "true";
}

fs::path CapturesFolder() {
  const char* set = std::getenv("ERPNEXT_EXPORTER_CAPTURES");
  fs::path folder = set != nullptr && *set != '\0'
                        ? fs::path(set)
                        : fs::path(ERPNEXT_EXPORTER_SOURCE_DIR) / ".." / "shared" / "captures";
  return fs::is_directory(folder) ? folder : fs::path();
}

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> CapturedBenches() {
  std::vector<fs::path> benches;
  if (CapturesFolder().empty()) return benches;
  for (const fs::path& path : FilesIn(CapturesFolder())) {
    if (fs::is_directory(path / "bench")) benches.push_back(path);
  }
  return benches;
}

std::string ReadBytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string ReadGzip(const fs::path& file) {
  gzFile stream = gzopen(file.c_str(), "rb");
  if (stream == nullptr) throw std::runtime_error("cannot read " + file.string());
  std::string text;
  std::array<char, 65536> buffer;
  int got = 0;
  while ((got = gzread(stream, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  gzclose(stream);
  if (got < 0) throw std::runtime_error("broken gzip file " + file.string());
  return text;
}

std::string Moment::Resp() const { return ReadGzip(bench / "redis" / (name + ".queue.resp.gz")); }

nlohmann::json Moment::Truth() const {
  return nlohmann::json::parse(ReadBytes(bench / "redis" / (name + ".truth.json")));
}

void PrintTo(const Moment& moment, std::ostream* stream) {
  *stream << moment.bench.filename().string() << "/" << moment.name;
}

std::vector<Moment> CapturedMoments() {
  const std::string ending = ".truth.json";
  std::vector<Moment> moments;
  for (const fs::path& bench : CapturedBenches()) {
    for (const fs::path& file : FilesIn(bench / "redis")) {
      const std::string name = file.filename();
      if (!name.ends_with(ending)) continue;
      moments.push_back({bench, name.substr(0, name.size() - ending.size())});
    }
  }
  return moments;
}

BenchSetting Rebuild(const fs::path& captured, const std::string& bench_id,
                     const TempFolder& folder) {
  folder.MakeFolder("bench");
  fs::copy(captured / "bench" / "sites", folder.path("bench/sites"),
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  // "/home/frappe/bench-v15/apps/frappe/frappe/__init__.py:54:__version__ = "15.8.1""
  std::istringstream versions(ReadBytes(captured / "bench" / "app_versions.txt"));
  const re2::RE2 form("/.*/(apps/[^:]+):([0-9]+):(.*)");
  for (std::string line; std::getline(versions, line);) {
    std::string path, code;
    unsigned number = 0;
    if (!re2::RE2::FullMatch(line, form, &path, &number, &code) || number == 0) {
      throw std::runtime_error("odd line: " + line);
    }
    folder.Write("bench/" + path, std::string(number - 1, '\n') + code + "\n__title__ = \"x\"\n");
  }
  return {.path = folder.path("bench"), .name = captured.filename(), .id = bench_id, .web = {}};
}

}  // namespace erpnext
