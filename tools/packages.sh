# The Debian packages of the project, and how they get onto a machine; sourced by the other scripts.

build_packages=(
  cmake ninja-build g++ pkg-config git
  libsystemc-dev libboost-program-options-dev libboost-random-dev
  libfmt-dev libhwy-dev libonnx-dev libprotobuf-dev libspdlog-dev libsqlite3-dev libyaml-cpp-dev libzip-dev
  nlohmann-json3-dev protobuf-compiler
)
test_packages=(
  clang clang-format libclang-rt-14-dev
  libgtest-dev libgmock-dev librapidcheck-dev
  python3 python3-jsonschema python3-matplotlib python3-onnx python3-pandas python3-yaml
  slurm-wlm slurmctld slurmd munge
)
tidy_packages=(clang-tidy)

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages PACKAGE...: needs neither root nor network where all of them are there already.
install_packages() {
  local missing=() package as_root=()
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: nothing is installed. The project needs what Debian 12 calls: $*" >&2
    return
  fi
  for package; do is_installed "$package" || missing+=("$package"); done
  if [ ${#missing[@]} -eq 0 ]; then return; fi

  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing, and there is neither root nor sudo to install them:" >&2
      echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
