#!/bin/sh
# bench-icap.sh: Sluice side by side with c-icap and go-icap, alone and behind Squid. Installs
# c-icap and Squid from the Debian or Ubuntu archive where they are missing, and prints tables
# as Markdown. Arguments go to bench/icap: -rounds 3 -duration 5s -squid=false.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/sbin"
export PATH

missing=
command -v c-icap >/dev/null 2>&1 || missing="$missing c-icap"
command -v squid >/dev/null 2>&1 || missing="$missing squid-openssl"
if [ -n "$missing" ]; then
  as_root=
  [ "$(id -u)" -eq 0 ] || as_root="sudo -n"
  $as_root apt-get update -qq >&2
  # shellcheck disable=SC2086 # two words, two packages
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
fi

CGO_ENABLED=0 go build -o bin/sluice ./cmd/sluice
go build -C bench/icap -o ../../bin/bench-icap .
exec ./bin/bench-icap -sluice bin/sluice "$@"
