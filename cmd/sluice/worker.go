package main

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/extract"
)

// newExtractor returns an extractor whose PDF files are read by child processes of this
// binary. dataDir keeps their compiled code where the user has no cache.
func newExtractor(f *config.File, dataDir string) *extract.Extractor {
	o := f.ExtractOptions()
	if self, err := os.Executable(); err == nil {
		o.Worker = []string{self, "extract-worker", workerCache(dataDir)}
	}
	return extract.New(o)
}

// maxWait bounds how long a command waits for child processes; a cold start compiles.
const maxWait = time.Minute

// awaitWorkers waits for the child processes before a file that may hold a PDF: compiling
// their code must not count against the file's time.
func awaitWorkers(ctx context.Context, x *extract.Extractor, data []byte) {
	const inBase64 = "JVBERi" // how every "%PDF-" begins there
	if utf8.Valid(data) && !bytes.Contains(data, []byte("%PDF-")) && !bytes.Contains(data, []byte(inBase64)) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	_ = x.Wait(ctx) // without one, streams are read
}

// workerCache returns a directory that only its owner can write, or "" for none: it holds
// machine code. The user's cache is shared by all nodes and commands; where a service has
// none, dataDir takes its place.
func workerCache(dataDir string) string {
	if user, err := os.UserCacheDir(); err == nil {
		dir := filepath.Join(user, "sluice", "pdfium")
		if os.MkdirAll(dir, 0o700) == nil {
			return dir
		}
	}
	if dataDir == "" {
		return ""
	}
	dir := filepath.Join(dataDir, "pdfium")
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	return dir
}

// endWithParent ends this process when its parent has ended, whatever it is reading.
func endWithParent(parent int) {
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			os.Exit(exitFound)
		}
	}
}

// workerCommand is what the child processes run; it is for no person.
func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "extract-worker CACHE", Hidden: true, Short: "Read documents for another sluice process",
		Example: "  sluice extract-worker ''",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			signal.Ignore(os.Interrupt, syscall.SIGTERM) // a terminal sends them to all, and the parent drains
			go endWithParent(os.Getppid())
			return extract.ServeWorker(os.Stdin, os.Stdout, args[0])
		},
	}
}
