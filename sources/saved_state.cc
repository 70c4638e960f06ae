// SPDX-License-Identifier: Apache-2.0
#include "sources/saved_state.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace erpnext {

using nlohmann::json;

Status SavedState::Restore(const std::function<void(const json&)>& use) {
  if (ready_) return {};
  const auto saved = store_->Load(name_);
  if (!saved) return Fail(saved.error());
  ready_ = true;
  if (!*saved) return {};
  try {
    use(json::parse(**saved));
  } catch (const json::exception&) {
    return Fail(ErrorKind::kMalformed, "{} in the state folder cannot be used: {}", name_,
                without_);
  }
  return {};
}

Status SavedState::Save(const json& state) {
  std::string text = state.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text == saved_) return {};
  Status status = store_->Save(name_, text);
  if (status) saved_ = std::move(text);
  return status;
}

}  // namespace erpnext
