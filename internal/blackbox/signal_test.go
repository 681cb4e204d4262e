package blackbox

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestCommandsEndAtASignal asserts that Ctrl-C ends commands that wait for their input.
func TestCommandsEndAtASignal(t *testing.T) {
	node := newSluice(t, settings{})
	for name, args := range map[string][]string{
		"scan": {"scan", "-"}, "extract": {"extract", "-"}, "classify": {"classify", "-"}, "scan by lines": {"scan", "--jsonl", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			in, end, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			defer end.Close()
			cmd := node.command(args...)
			cmd.Stdin = in
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			for deadline := time.After(20 * time.Second); ; {
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
				select {
				case err := <-ended:
					var exit *exec.ExitError
					if !errors.As(err, &exit) || exit.Success() {
						t.Errorf("it ended with %v, want a failure", err)
					}
					return
				case <-deadline:
					_ = cmd.Process.Kill()
					t.Fatal("it does not end")
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
}
