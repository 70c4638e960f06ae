# SPDX-License-Identifier: Apache-2.0
# Finds every library by its Debian 12 package. Nothing is downloaded.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(date REQUIRED)
# Its config file insists on civetweb and curl, which prometheus-cpp-dev depends on; only core is linked.
find_package(prometheus-cpp CONFIG REQUIRED)

# hiredis' own CMake package is broken in Debian 12, and the others have none.
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(mariadb REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)
# The three CPPHTTPLIB_*_SUPPORT macros change the layout of httplib's classes: they come from
# pkg-config, for every file, or the program corrupts its heap.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
