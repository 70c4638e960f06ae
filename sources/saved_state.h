// SPDX-License-Identifier: Apache-2.0
// What one collector keeps over a restart, as JSON.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/result.h"
#include "sources/state_store.h"

namespace erpnext {

// One thread at a time.
class SavedState {
 public:
  // `without` says what happens when the state cannot be used: "logs are read from their ends".
  SavedState(std::shared_ptr<StateStore> store, std::string name, std::string without)
      : store_(std::move(store)), name_(std::move(name)), without_(std::move(without)) {}

  // Gives what was saved to `use`, once; nothing when there is nothing. `use` may throw
  // json::exception: then the state is malformed, and is not asked for again. Any other error is
  // one of reading it: then ready() stays false, for a first start would be assumed, and the state
  // be lost.
  Status Restore(const std::function<void(const nlohmann::json&)>& use);
  bool ready() const { return ready_; }

  // Does nothing when that was saved last. After an error it is tried again.
  Status Save(const nlohmann::json& state);

 private:
  std::shared_ptr<StateStore> store_;
  std::string name_;
  std::string without_;
  bool ready_ = false;
  std::string saved_;
};

}  // namespace erpnext
