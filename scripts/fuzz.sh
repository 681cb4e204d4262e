#!/bin/sh
# fuzz.sh TIME: runs every fuzz target of the module for TIME each, a second at most of it for
# making an interesting input smaller (a minute, otherwise).
set -eu
time=${1:-20s}
found=0
for pkg in $(go list ./...); do
  for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
    found=$((found + 1))
    echo "== $pkg $target"
    go test -run '^$' -fuzz "^$target\$" -fuzzminimizetime 1s -fuzztime "$time" "$pkg"
  done
done
[ "$found" -gt 0 ] || { echo "no fuzz target found: run from the repository" >&2; exit 1; }
