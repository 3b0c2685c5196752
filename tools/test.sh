#!/bin/bash
# Builds and runs all tests that CI runs (those labelled `heavy`, minutes on the largest grids, only run by hand:
# ctest --preset release -L heavy), after installing what is missing. Stops at the first stage that
# fails; the last line counts the tests. On two cores and from nothing it stays under 30 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

logs=build/test-logs
rm -rf "$logs"
mkdir -p "$logs"
times=()

# stage NAME COMMAND...: runs it, and remembers how long it took.
stage() {
  local name=$1 start=$SECONDS status=0
  shift
  echo "== $name"
  "$@" || status=$?
  times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
  if [ "$status" -ne 0 ]; then
    printf '%s\n' "${times[@]}" "FAILED: $name"
    exit 1
  fi
}

check_format() { git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format-14 --dry-run -Werror; }

# build FOLDER PRESET [CMAKE-OPTION...] [-- TARGET...]
build() {
  local folder=$1 preset=$2 options=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
  cmake --preset "$preset" -B "$folder" "${options[@]}" >"$logs/configure.log" || { cat "$logs/configure.log"; return 1; }
  cmake --build "$folder" ${2:+--target "${@:2}"}
}

# run_tests PRESET CTEST-OPTION...
run_tests() { ctest --preset "$1" "${@:2}" 2>&1 | tee "$logs/$1-tests.log"; }

# The sum over all runs of ctest, in the form that test runners close with.
count_tests() {
  awk '/tests passed, [0-9]+ tests failed out of [0-9]+/ { failed += $4; all += $NF }
    END { printf "total: %d passed, %d failed\n", all - failed, failed; exit all == 0 }' "$logs"/*-tests.log
}

stage 'packages' install_packages "${build_packages[@]}" "${test_packages[@]}"
stage 'format' check_format
stage 'build: GCC, debug, warnings are errors' build build/dev dev -DCMAKE_CXX_FLAGS_DEBUG=-g0
stage 'tests' run_tests dev -LE heavy -E '^e2e'
stage 'build: GCC, optimised' build build/release release -DWAFERSIM_BUILD_TESTS=OFF -DWAFERSIM_E2E_TESTS=ON \
  '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O3 -g0 -DNDEBUG'
stage 'tests of the program' run_tests release -LE heavy
stage 'time and memory' tools/check_budget.py build/release/wafersim
stage 'build: Clang, sanitizers' build build/sanitize sanitize
stage 'tests under sanitizers' run_tests sanitize -L fast
stage 'build: thread sanitizer' build build/tsan tsan -- mesh_threads_test
stage 'threads under a sanitizer' run_tests tsan
stage 'same bytes from every build' \
  tools/check_identical.py build/dev/wafersim build/release/wafersim build/sanitize/wafersim

printf '%s\n' "${times[@]}"
count_tests
