// Command icap measures ICAP servers side by side: Sluice's engine, the whole product,
// c-icap, go-icap and a loop that parses nothing, each alone and behind Squid. `make
// bench-icap` installs what it needs and runs it; docs/benchmarks.md explains the figures.
//
// It is a module of its own, so that nothing that is only measured is a dependency of
// Sluice.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" { // started by ourselves
		fatal(serve(os.Args[2:]))
		return
	}
	var o options
	flag.StringVar(&o.sluice, "sluice", "bin/sluice", "Sluice's binary")
	flag.DurationVar(&o.duration, "duration", 2*time.Second, "measured time of a cell")
	flag.IntVar(&o.rounds, "rounds", 1, "rounds; the median counts")
	flag.BoolVar(&o.direct, "direct", true, "measure the servers alone")
	flag.BoolVar(&o.squid, "squid", true, "measure behind Squid")
	flag.Parse()
	fatal(compare(o))
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-icap:", err)
		os.Exit(1)
	}
}
