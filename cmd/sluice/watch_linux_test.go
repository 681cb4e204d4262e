package main

import (
	"errors"
	"log/slog"
	"os"
	"syscall"
	"testing"

	"github.com/sluice-dlp/sluice/config"
)

// TestAChangeDuringTheStartReloadsTheRules changes a word list after it was read and before
// the node has started. That is known of because the policy, which is read after it, is a
// pipe that waits for its writer.
func TestAChangeDuringTheStartReloadsTheRules(t *testing.T) {
	inDir(t)
	put(t, "sluice.yaml", "icap: {listen: '127.0.0.1:0'}\nops: {listen: ''}\nconsole: {listen: ''}\npolicy: {file: pipes/policy.yaml}\nprofiles: {dirs: [own]}\n")
	put(t, "own/names.txt", "Falcon\n")
	put(t, "own/names.yaml", "detectors: [{id: code_name, words: {file: names.txt}}]\n")
	if err := errors.Join(os.Mkdir("pipes", 0o700), syscall.Mkfifo("pipes/policy.yaml", 0o600)); err != nil {
		t.Fatal(err)
	}
	policy := func(meanwhile func() error) error {
		pipe, err := os.OpenFile("pipes/policy.yaml", os.O_WRONLY, 0) // returns when it is being read
		if err != nil {
			return err
		}
		_, err = pipe.WriteString("rules: []\n")
		return errors.Join(meanwhile(), err, pipe.Close())
	}
	f, err := config.Load("sluice.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error)
	var n *node
	go func() {
		var err error
		n, err = startNode(t.Context(), f, slog.New(slog.DiscardHandler))
		started <- err
	}()
	change := func() error { return os.WriteFile("own/names.txt", []byte("Heron\n"), 0o600) }
	if err := errors.Join(policy(change), <-started); err != nil {
		t.Fatal(err)
	}
	if err := policy(func() error { return nil }); err != nil { // the reload reads it; the test's own limit ends the wait
		t.Fatal(err)
	}
	if err := n.close(); err != nil {
		t.Error(err)
	}
}
