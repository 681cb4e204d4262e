#!/bin/sh
# bench-scan.sh: the scan engine beside Hyperscan, go-re2, package regexp and gitleaks, in one
# run. Installs a C compiler and Hyperscan from the Debian or Ubuntu archive where they are
# missing, and prints tables as Markdown. Arguments go to bench/scan: -time 2s -search 300;
# -only 'hostile|search' prints those tables only, -hyperscan '' leaves Hyperscan out.
set -eu
cd "$(dirname "$0")/.."

missing=
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
[ -f /usr/include/hs/hs.h ] || missing="$missing libhyperscan-dev"
if [ -n "$missing" ]; then
  as_root=
  [ "$(id -u)" -eq 0 ] || as_root="sudo -n"
  $as_root apt-get update -qq >&2
  # shellcheck disable=SC2086 # several words, several packages
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
fi

mkdir -p bin
cc -O2 -Wall -o bin/bench-hyperscan bench/scan/hyperscan/hyperscan.c -lhs
CGO_ENABLED=0 go build -C bench/scan -o ../../bin/bench-scan .
exec ./bin/bench-scan -hyperscan bin/bench-hyperscan "$@"
