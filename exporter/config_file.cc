// SPDX-License-Identifier: Apache-2.0
// Strictness on top of yaml-cpp, which takes duplicate keys and many spellings of a boolean.
#include "exporter/config_file.h"

#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include "exporter/options.h"
#include "sources/file.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxFile = 1U << 20;
constexpr std::size_t kMaxItems = 1000;  // of one list
constexpr int kMaxDepth = 4;             // no option has more parts in its name

class Reader {
 public:
  Reader(std::string name, Settings& settings) : name_(std::move(name)), settings_(settings) {}

  void Read(const YAML::Node& root) {
    if (root.IsNull()) return;  // an empty file, or one of comments only
    if (!root.IsMap()) return Mistake(root, "expected keys with values");
    ReadMap(root, "", 0);
  }

  void Mistake(const YAML::Mark& mark, std::string_view what, bool tolerated = false) {
    // yaml-cpp counts from zero, editors from one.
    auto& list = tolerated ? mistakes_.tolerated : mistakes_.fatal;
    list.push_back(fmt::format("{}:{}:{}: {}", name_, mark.line + 1, mark.column + 1, what));
  }

  ConfigMistakes Take() { return std::move(mistakes_); }

 private:
  void Mistake(const YAML::Node& node, std::string_view what) { Mistake(node.Mark(), what); }

  void ReadMap(const YAML::Node& map, const std::string& prefix, int depth) {
    for (const auto& item : map) {
      if (!item.first.IsScalar()) {
        Mistake(item.first, "expected a name as key");
        continue;
      }
      const std::string key = prefix + item.first.Scalar();
      if (const Option* option = FindOption(key)) {
        ReadOption(*option, item.first, item.second);
      } else if (item.second.IsMap() && IsPrefix(key + ".") && depth < kMaxDepth) {
        ReadMap(item.second, key + ".", depth + 1);
      } else if (IsPrefix(key + ".")) {
        Mistake(item.second, fmt::format("{} groups other keys: expected a map", key));
      } else {
        Mistake(item.first, fmt::format("unknown key {}{}", key, Suggestion(key)));
      }
    }
  }

  static bool IsPrefix(const std::string& prefix) {
    const auto& all = AllOptions();
    return std::any_of(all.begin(), all.end(),
                       [&](const Option& option) { return option.name.starts_with(prefix); });
  }

  // The options that end in the same word: most often the group was forgotten or is another one.
  static std::string Suggestion(const std::string& key) {
    const std::string last = key.substr(key.rfind('.') + 1);
    std::vector<std::string> similar;
    for (const Option& option : AllOptions()) {
      if (option.name.ends_with("." + last)) similar.push_back(option.name);
    }
    if (similar.empty() || similar.size() > 3) return "";
    return fmt::format("; did you mean {}?", fmt::join(similar, " or "));
  }

  void ReadOption(const Option& option, const YAML::Node& key, const YAML::Node& value) {
    if (!seen_.insert(option.name).second) {
      return Mistake(key, fmt::format("{} is set twice", option.name));
    }
    if (!option.fields.empty()) return ReadRecords(option, value);
    std::vector<std::string> values;
    if (option.repeatable && value.IsSequence()) {
      if (!CheckSize(option, value)) return;
      for (const YAML::Node& item : value) {
        if (!item.IsScalar()) return Mistake(item, fmt::format("{}: expected a text", option.name));
        values.push_back(item.Scalar());
      }
    } else if (value.IsScalar()) {
      values.push_back(value.Scalar());
    } else {
      return Mistake(value.IsNull() ? key : value,
                     fmt::format("{}: expected {}", option.name,
                                 option.repeatable ? "a list of texts" : "one value"));
    }
    // 'true' in quotes is a text, not a boolean.
    if (option.is_flag() && value.Tag() == "!") {
      return Mistake(value, fmt::format("{}: expected true or false without quotes", option.name));
    }
    if (const Status status = option.apply(settings_, values); !status) {
      Mistake(value, fmt::format("{}: {}", option.name, status.error().message));
    }
  }

  bool CheckSize(const Option& option, const YAML::Node& list) {
    if (list.size() <= kMaxItems) return true;
    Mistake(list, fmt::format("{}: more than {} items", option.name, kMaxItems));
    return false;
  }

  void ReadRecords(const Option& option, const YAML::Node& list) {
    if (!list.IsSequence()) {
      return Mistake(list, fmt::format("{}: expected a list of maps with the keys {}", option.name,
                                       fmt::join(option.fields, ", ")));
    }
    if (!CheckSize(option, list)) return;
    for (const YAML::Node& item : list) ReadRecord(option, item);
  }

  void ReadRecord(const Option& option, const YAML::Node& item) {
    if (!item.IsMap()) return Mistake(item, fmt::format("{}: expected a map", option.name));
    std::map<std::string, std::string> record;
    bool usable = true;
    const auto refuse = [&](const YAML::Node& node, const std::string& what) {
      Mistake(node, fmt::format("{}: {}", option.name, what));
      usable = false;
    };
    for (const auto& field : item) {
      const std::string name = field.first.IsScalar() ? field.first.Scalar() : "";
      if (std::find(option.fields.begin(), option.fields.end(), name) == option.fields.end()) {
        refuse(field.first,
               fmt::format("unknown key {}; known are {}", name, fmt::join(option.fields, ", ")));
      } else if (!field.second.IsScalar()) {
        refuse(field.first, fmt::format("{}: expected a text", name));
      } else if (!record.emplace(name, field.second.Scalar()).second) {
        refuse(field.first, fmt::format("{} is set twice", name));
      }
    }
    if (!usable) return;
    if (const Status status = option.add_record(settings_, record); !status) {
      Mistake(item.Mark(), fmt::format("{}: {}", option.name, status.error().message),
              option.tolerant);
    }
  }

  std::string name_;
  Settings& settings_;
  ConfigMistakes mistakes_;
  std::set<std::string> seen_;
};

class DocumentStarts final : public YAML::EventHandler {
 public:
  const std::vector<YAML::Mark>& marks() const { return marks_; }

  void OnDocumentStart(const YAML::Mark& mark) override { marks_.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::vector<YAML::Mark> marks_;
};

// Not by YAML::LoadAll: yaml-cpp 0.7 takes no comma that stands outside of brackets, and finds an
// empty document before it for ever.
std::optional<YAML::Mark> SecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  while (starts.marks().size() < 2 && parser.HandleNextDocument(starts)) {
  }
  if (starts.marks().size() < 2) return std::nullopt;
  return starts.marks()[1];
}

}  // namespace

ConfigMistakes ApplyConfig(std::string_view text, const std::string& name, Settings& settings) {
  Reader reader(name, settings);
  try {
    const std::string copy(text);
    if (const auto second = SecondDocument(copy)) {
      reader.Mistake(*second, "a second document: expected one only");
    } else {
      reader.Read(YAML::Load(copy));
    }
  } catch (const YAML::Exception& error) {
    reader.Mistake(error.mark, error.msg);
  }
  return reader.Take();
}

Result<ConfigMistakes> ApplyConfigFile(const std::string& path, Settings& settings) {
  const auto text = ReadFile(path, kMaxFile);
  if (!text) return Fail(text.error());
  return ApplyConfig(*text, path, settings);
}

}  // namespace erpnext
