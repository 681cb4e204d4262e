#!/bin/sh
# bench-events.sh [ROWS…]: how fast events are recorded, stored, and both at once, and how long
# reports take over each of ROWS (rising multiples of 500,000), on SQLite and on a Postgres that
# the benchmark starts. The first 500,000 rows go the whole way; the rest are made inside the
# database from them, for other people and devices, with roll-ups that are checked against the
# rows. Figures: docs/benchmarks.md. DATABASES (default "sqlite postgres") chooses; SQLite stops at
# SQLITE_ROWS (default 5,000,000). 20 million rows of Postgres want 15 GB of disk.
set -eu
cd "$(dirname "$0")/.."
databases=${DATABASES:-sqlite postgres}
either=$(echo "$databases" | tr ' ' '|')
echo "cores: $(nproc); load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
grep -m 1 'model name' /proc/cpuinfo || true
go test -run '^$' -bench 'Record' -benchtime 2s ./event
go test -run '^$' -bench "(Ingest|EndToEnd)/($either)" -benchtime 300000x ./store
for database in $databases; do
	rows=
	for n in ${*:-2000000}; do
		if [ "$database" = postgres ] || [ "$n" -le "${SQLITE_ROWS:-5000000}" ]; then
			rows="$rows${rows:+,}$n"
		fi
	done
	[ -z "$rows" ] || go test -run '^$' -bench "Reports/$database" -benchtime 3x -timeout 12h -v ./store -args -rows "$rows"
done
echo "load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
