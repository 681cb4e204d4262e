# Every target works on a fresh clone with only Go; what tests need is installed by
# scripts/install-test-deps.sh.
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT       := mvdan.cc/gofumpt@v0.12.0
FUZZTIME      ?= 20s
BENCHTIME     ?= 1s
ROUNDS        ?= 200
# of the tests of one package: the black-box ones take more than Go's ten minutes on a busy machine
PATIENCE      ?= 60m
ROWS          ?= 2000000 5000000 10000000 20000000

.PHONY: build demo test test-deps race lint fmt fuzz bench bench-icap bench-scan bench-dlp bench-events bench-console console-large screens chaos check

build: ## the binary, bin/sluice
	CGO_ENABLED=0 go build -o bin/sluice ./cmd/sluice

demo: build ## sample traffic through Sluice's own ICAP port
	./bin/sluice demo

test: test-deps ## everything, with real Squid, Postgres, Chromium and SDK clients
	go vet ./...
	go test -timeout $(PATIENCE) ./...

test-deps:
	./scripts/install-test-deps.sh

race: test-deps ## the same with the race detector
	go test -race -timeout $(PATIENCE) ./...

lint: ## format, vet, static checks
	go run $(GOLANGCI_LINT) run ./...

fmt: ## rewrite the sources in the house's format
	go run $(GOFUMPT) -w .

fuzz: ## every fuzz target for FUZZTIME
	./scripts/fuzz.sh $(FUZZTIME)

bench: ## Go benchmarks; figures and how to read them: docs/benchmarks.md
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

bench-icap: ## side by side with c-icap and go-icap, alone and behind Squid
	./scripts/bench-icap.sh

bench-scan: ## the scan engine side by side with Hyperscan, go-re2, regexp and gitleaks
	./scripts/bench-scan.sh

bench-dlp: ## detection with all built-in profiles beside gitleaks, and on hostile texts
	go build -C bench/scan -o ../../bin/bench-dlp ./detect
	./bin/bench-dlp

chaos: test-deps ## ROUNDS rounds of crashes and full disks under traffic: nothing lost, nothing twice
	go test -count=1 -timeout 2h -v -run TestChaos ./internal/blackbox -args -chaos $(ROUNDS)

bench-events: test-deps ## the outbox, the store's sink and every report; figures: docs/benchmarks.md
	./scripts/bench-events.sh $(ROWS)

check: lint test race ## what a change must pass before review

bench-console: ## each screen's server time over a million events on SQLite; figures: docs/benchmarks.md
	go test ./console -run '^$$' -bench BenchmarkPages -benchtime 9x -timeout 60m -company-events 1000000

console-large: test-deps ## the console's browser tests over 200,000 events that come through the ICAP port
	go test ./internal/blackbox -run 'TestConsole$$' -timeout 120m -console-events 200000

screens: test-deps ## pictures of every screen, light and dark, desktop and phone, into docs/screens
	go test ./console -run 'TestScreens$$' -timeout 30m -screens ../docs/screens
	SLUICE_TOUR=$(CURDIR)/docs/screens go test ./internal/blackbox -run 'TestTour$$' -timeout 30m
