// SPDX-License-Identifier: Apache-2.0
// A password that cannot be printed by accident.
#pragma once

#include <string.h>

#include <string>
#include <utility>

namespace erpnext {

// Has no stream operator, no fmt formatter and no conversion to string: the only way out is
// Reveal(), which is easy to find in a review. The memory is overwritten when the value dies.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      Wipe();
      value_ = other.value_;
    }
    return *this;
  }
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.Wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    Wipe();
    value_ = std::move(other.value_);
    other.Wipe();
    return *this;
  }
  ~Secret() { Wipe(); }

  bool empty() const { return value_.empty(); }
  const std::string& Reveal() const { return value_; }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  void Wipe() {
    explicit_bzero(value_.data(), value_.size());
    value_.clear();
  }

  std::string value_;
};

}  // namespace erpnext
