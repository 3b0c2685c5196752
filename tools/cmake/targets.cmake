# How a room becomes a library, and how a test becomes a process.
find_package(PkgConfig REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options random)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(SystemC REQUIRED IMPORTED_TARGET systemc>=2.3.4)

add_library(wafersim_warnings INTERFACE)
target_compile_options(wafersim_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<BOOL:${WAFERSIM_WARNINGS_AS_ERRORS}>:-Werror>)
# GCC 12 sees ghosts in std::string at -O2 and above (GCC bugs 105562 and 105651).
target_compile_options(wafersim_warnings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-restrict>)
# Results are compared byte for byte between compilers: never fuse a multiply and an add behind our back.
target_compile_options(wafersim_warnings INTERFACE -ffp-contract=off)

# Debian builds SystemC 2.3.4 as C++17 and its link-time check compares standards;
# SC_CPLUSPLUS tells its headers which standard the library was built with.
add_library(wafersim_systemc INTERFACE)
target_link_libraries(wafersim_systemc INTERFACE PkgConfig::SystemC)
target_compile_definitions(wafersim_systemc INTERFACE SC_CPLUSPLUS=201703L)

# wafersim_room(name SOURCES file... [PUBLIC target...] [PRIVATE target...])
# What a room may use is exactly what it lists; nothing is reachable by accident.
function(wafersim_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(wafersim_${name} STATIC ${ROOM_SOURCES})
  add_library(wafersim::${name} ALIAS wafersim_${name})
  target_include_directories(wafersim_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(wafersim_${name} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE} wafersim_warnings)
endfunction()

# wafersim_test(name SOURCES file... LINK target... [LABEL fast|slow] [TIMEOUT seconds])
# One binary per room and label; ctest runs each TEST as a process of its own, because SystemC elaborates once.
function(wafersim_test name)
  cmake_parse_arguments(TEST "" "LABEL;TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT TEST_LABEL)
    set(TEST_LABEL fast)
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  add_executable(${name}_test ${TEST_SOURCES})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name}_test PRIVATE ${TEST_LINK} wafersim_test_support wafersim_warnings GTest::gtest GTest::gmock)
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS ${TEST_LABEL}
    ENVIRONMENT "SYSTEMC_DISABLE_COPYRIGHT_MESSAGE=1")
endfunction()
