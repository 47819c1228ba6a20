# shellcheck shell=bash
# Functions that the project's scripts share; sourced, not run. The script that sources it has
# `set -euo pipefail` and has changed to the top folder.

section_started=$SECONDS
section_name=

# Ends the section before, with its duration, and starts one.
section() {
  end_section
  section_name=$1
  section_started=$SECONDS
  printf '\n== %s\n' "$1"
}

end_section() {
  [[ -z $section_name ]] || printf -- '-- %s: %d s\n' "$section_name" $((SECONDS - section_started))
  section_name=
}

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# As many compilers as there are cores, but 2 GiB of memory for each.
build_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 2097152) }' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo $((cores < memory ? cores : memory))
}

# build PRESET [TARGET…]: configures when needed and builds.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" >"build/$preset-configure.log" 2>&1 || {
    cat "build/$preset-configure.log"
    return 1
  }
  (($# == 0)) || set -- --target "$@"
  cmake --build "build/$preset" -j "$(build_jobs)" "$@"
}
