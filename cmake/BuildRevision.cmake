# SPDX-License-Identifier: Apache-2.0
# The commit that is built, for erpnext_exporter_build_info and --version. Read anew when it changes.
find_package(Git QUIET)
set(BUILD_REVISION "unknown")
if(GIT_FOUND)
  execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --short=12 HEAD
                  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE head
                  OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --git-path logs/HEAD
                  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE head_log
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(BUILD_REVISION "${head}")
    get_filename_component(head_log "${head_log}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
    if(EXISTS "${head_log}")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${head_log}")
    endif()
  endif()
endif()
configure_file("${CMAKE_SOURCE_DIR}/exporter/build_revision.h.in"
               "${CMAKE_BINARY_DIR}/generated/exporter/build_revision.h" @ONLY)
target_include_directories(exporter PRIVATE "${CMAKE_BINARY_DIR}/generated")
