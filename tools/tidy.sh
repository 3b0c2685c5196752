#!/bin/bash
# Runs clang-tidy with the project's settings: tools/tidy.sh [FILE...], without files over all that are tracked.
# Not part of CI: files that see SystemC or GoogleTest take 10 to 30 seconds each.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

install_packages "${build_packages[@]}" "${test_packages[@]}" "${tidy_packages[@]}"
cmake --preset dev -B build/tidy -DCMAKE_CXX_COMPILER=clang++ >/dev/null

if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files 'src/*.cpp' 'tests/*.cpp' ':!tests/fuzz'); fi
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 1 clang-tidy-14 -p build/tidy --quiet
