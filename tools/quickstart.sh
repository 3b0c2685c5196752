#!/bin/bash
# From a fresh Debian 12 to the first result: installs what is missing, builds build/release/wafersim, and
# asks how many cycles a training step of GPT-3 6.7B takes on a CS-2.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

install_packages "${build_packages[@]}"
cmake --preset release -DWAFERSIM_BUILD_TESTS=OFF
cmake --build --preset release

echo '$ build/release/wafersim run configs/machine/cs2.yaml configs/workload/gpt3-6.7b.yaml'
build/release/wafersim run configs/machine/cs2.yaml configs/workload/gpt3-6.7b.yaml
