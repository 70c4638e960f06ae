# SPDX-License-Identifier: Apache-2.0
# Headers of the libraries and of the standard one, read once for each target instead of once for
# each file, which is a quarter of the time of compiling it. Not for what is shipped: with
# optimization GCC 12 then takes the ends of string literals for overflows, and a missing #include
# is to be seen somewhere.
function(precompile_headers target)
  target_precompile_headers(${target} PRIVATE
    <algorithm> <chrono> <functional> <map> <memory> <optional> <set> <string> <string_view>
    <vector> <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp> <prometheus/metric_family.h>
    <tl/expected.hpp> ${ARGN})
endfunction()
