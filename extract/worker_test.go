package extract_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/extract"
)

// workerCache is where the children of a test run keep PDFium's compiled code.
const workerCache = "SLUICE_TEST_WORKER_CACHE"

// TestMain lets the test binary be the child process that reads PDF files.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "serve-worker" {
		if err := extract.ServeWorker(os.Stdin, os.Stdout, os.Args[2]); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(run(m))
}

// run lets the children of all tests share PDFium's compiled code.
func run(m *testing.M) int {
	if os.Getenv(workerCache) == "" {
		dir, err := os.MkdirTemp("", "sluice-worker")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if err := os.Setenv(workerCache, dir); err != nil {
			panic(err)
		}
	}
	return m.Run()
}

// withWorkers returns options with child processes of the test binary.
func withWorkers(t testing.TB) extract.Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return extract.Options{Worker: []string{self, "serve-worker", os.Getenv(workerCache)}}
}

// patience is the time limit of tests of what is found, which must not depend on how busy
// the machine is.
const patience = 5 * time.Minute

// newWithWorkers returns an Extractor with child processes; limit 0 is the default time.
func newWithWorkers(t testing.TB, limit time.Duration) *extract.Extractor {
	t.Helper()
	o := withWorkers(t)
	o.Time = limit
	x := extract.New(o)
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	// The first child compiles PDFium; on a busy machine that takes a while.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := x.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return x
}

func writeProgram(t testing.TB, path, script string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
}
