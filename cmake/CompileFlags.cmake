# SPDX-License-Identifier: Apache-2.0
# Warnings, hardening and sanitizers, as one interface target.
add_library(compile_flags INTERFACE)

target_compile_options(compile_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  # Designated initializers name what differs from the default.
  -Wno-missing-field-initializers
  # g++ 12 sees an overlap in std::string's operator+ that is not there (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

if(ERPNEXT_EXPORTER_SANITIZE)
  # Reports name files and lines: -g1 has them, and a build takes a quarter less time than with -g.
  add_compile_options(-fsanitize=${ERPNEXT_EXPORTER_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${ERPNEXT_EXPORTER_SANITIZE})
  if(ERPNEXT_EXPORTER_SANITIZE MATCHES "address")
    add_compile_definitions(ERPNEXT_EXPORTER_ASAN)
  elseif(ERPNEXT_EXPORTER_SANITIZE MATCHES "thread")
    add_compile_definitions(ERPNEXT_EXPORTER_TSAN)
  endif()
else()
  target_compile_options(compile_flags INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection
    $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
if(ERPNEXT_EXPORTER_FUZZ)
  # Every layer tells libFuzzer which branches an input took.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
include(CheckPIESupported)
check_pie_supported()
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
