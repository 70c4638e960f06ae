// SPDX-License-Identifier: Apache-2.0
#include "exporter/documentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "collectors/all_collectors.h"
#include "exporter/options.h"
#include "exporter/self_metrics.h"
#include "exporter/settings.h"

namespace erpnext {
namespace {

using testing::HasSubstr;

std::string Committed(const std::string& name) {
  std::ifstream file(std::string(ERPNEXT_EXPORTER_SOURCE_DIR) + "/docs/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<const Family*> AllFamilies() {
  std::vector<const Family*> all(SelfFamilies().begin(), SelfFamilies().end());
  for (const CollectorEntry* entry : AllCollectors()) {
    all.insert(all.end(), entry->families.begin(), entry->families.end());
  }
  return all;
}

TEST(Documentation, TheCommittedFilesAreCurrent) {
  EXPECT_EQ(MetricsMarkdown(), Committed("metrics.md"))
      << "write it anew: erpnext-exporter metrics > docs/metrics.md";
  EXPECT_EQ(ConfigurationReference(), Committed("configuration.md"))
      << "write it anew: erpnext-exporter check-config --reference > docs/configuration.md";
}

TEST(Documentation, NamesEveryFamilyAndEveryOption) {
  for (const Family* family : AllFamilies()) {
    EXPECT_THAT(MetricsMarkdown(), HasSubstr("`" + std::string(family->name) + "`"));
  }
  for (const Option& option : AllOptions()) {
    EXPECT_THAT(ConfigurationReference(), HasSubstr("### `" + option.name + "`"));
  }
}

TEST(Documentation, JsonHasOneEntryForEachFamily) {
  const auto all = nlohmann::json::parse(MetricsJson());
  EXPECT_EQ(AllFamilies().size(), all.size());
  for (const auto& family : all) EXPECT_FALSE(family.at("help").get<std::string>().empty());
}

TEST(Declarations, NamesAreUniqueAndFollowTheRules) {
  std::set<std::string_view> names;
  for (const Family* family : AllFamilies()) {
    SCOPED_TRACE(family->name);
    EXPECT_TRUE(names.insert(family->name).second) << "declared twice";
    std::string name(family->name);
    if (family->open()) name.back() = 'x';
    EXPECT_TRUE(IsValidMetricName(name));
    for (std::size_t i = 0; i < family->label_count(); ++i) {
      EXPECT_TRUE(IsValidLabelName(family->labels[i]));
    }
    EXPECT_TRUE(family->help.ends_with(".")) << "a sentence";
    EXPECT_FALSE(family->source.empty());
    if (family->tier() == NameTier::kOwn) {
      EXPECT_EQ(family->kind == MetricKind::kCounter, family->name.ends_with("_total"));
    }
  }
}

TEST(Declarations, CollectorsHaveWhatTheTableNeeds) {
  std::set<std::string_view> names;
  for (const CollectorEntry* entry : AllCollectors()) {
    SCOPED_TRACE(entry->name);
    EXPECT_TRUE(names.insert(entry->name).second);
    EXPECT_FALSE(entry->summary.empty());
    EXPECT_FALSE(entry->access.empty());
    EXPECT_FALSE(entry->families.empty());
    EXPECT_GT(entry->timeout.count(), 0);
    EXPECT_NE(nullptr, entry->make);
  }
}

}  // namespace
}  // namespace erpnext
