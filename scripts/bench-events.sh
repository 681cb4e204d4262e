#!/bin/sh
# bench-events.sh [ROWS…]: how fast events are recorded and stored, and how long reports take,
# on SQLite and on a Postgres that the benchmark starts. Figures: docs/benchmarks.md.
# DATABASES (default "sqlite postgres") chooses; 20 million rows take an hour or two.
set -eu
cd "$(dirname "$0")/.."
rows=$(echo "${*:-2000000}" | tr ' ' ',')
databases=$(echo "${DATABASES:-sqlite postgres}" | tr ' ' '|')
echo "cores: $(nproc); load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
grep -m 1 'model name' /proc/cpuinfo || true
go test -run '^$' -bench 'Record' -benchtime 2s ./event
go test -run '^$' -bench "Ingest/($databases)" -benchtime 400000x ./store
go test -run '^$' -bench "Reports/($databases)" -benchtime 5x -timeout 12h -v ./store -args -rows "$rows"
echo "load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
