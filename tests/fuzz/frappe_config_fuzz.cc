// SPDX-License-Identifier: Apache-2.0
// site_config.json and common_site_config.json: any bytes, and no password in an error.
#include <string>

#include "sources/frappe_config.h"
#include "tests/fuzz/fuzz.h"

using erpnext::FrappeConfig;
using erpnext::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = erpnext::fuzz::AsText(data, size);
  if (const auto config = FrappeConfig::Parse(text, "site_config.json")) {
    const FrappeConfig both = config->Over(*config);
    for (const char* key : {"db_password", "db_port", "redis_queue", "workers", ""}) {
      Require(both.Has(key) == config->Has(key), "a layer hides nothing of itself");
      Require(both.Text(key) == config->Text(key), "the higher layer wins");
      Require(config->Has(key) || !config->Truthy(key), "what is not there is false");
      Require(config->Text(key) != "", "an empty string is nothing");
      (void)config->Integer(key);
      (void)config->KeysOf(key);
    }
  }

  std::string secret = "{\"db_password\": \"";
  secret.append(erpnext::fuzz::kPassword).append(text);
  if (const auto config = FrappeConfig::Parse(secret, "site_config.json"); !config) {
    Require(config.error().message.find(erpnext::fuzz::kPassword) == std::string::npos,
            "an error quotes nothing of the file");
  }
  return 0;
}
