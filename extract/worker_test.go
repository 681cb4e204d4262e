package extract_test

import (
	"os"
	"testing"

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
	os.Exit(m.Run())
}

// withWorkers returns options with child processes of the test binary.
func withWorkers(t testing.TB) extract.Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv(workerCache)
	if dir == "" {
		dir = t.TempDir()
	}
	return extract.Options{Worker: []string{self, "serve-worker", dir}}
}

func newWithWorkers(t testing.TB) *extract.Extractor {
	t.Helper()
	x := extract.New(withWorkers(t))
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}
