package blackbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// sluice is one node under test: a directory with its settings, and the process while it runs.
type sluice struct {
	t       *testing.T
	dir     string
	config  string
	icap    string
	ops     string
	serving *proc.Process
	stderr  *proc.Output // of every command and every run
}

// settings is what a test sets of sluice.yaml, beside addresses and directories.
type settings struct {
	icap     string            // address; empty: a free one
	database string            // URL; empty: SQLite
	console  string            // address; empty: off
	policy   string            // text of the policy file; empty: the built-in defaults
	extra    string            // further lines of sluice.yaml
	files    map[string]string // further files beside it
}

// newSluice prepares a node; start starts it.
func newSluice(t *testing.T, s settings) *sluice {
	t.Helper()
	n := &sluice{t: t, dir: proc.Dir(t), icap: s.icap, ops: proc.FreeAddr(t), stderr: &proc.Output{}}
	if n.icap == "" {
		n.icap = proc.FreeAddr(t)
	}
	n.config = filepath.Join(n.dir, "sluice.yaml")
	// A busy machine must not turn a slow document into a gap: the times are longer than the defaults.
	text := fmt.Sprintf("node: blackbox\ndata_dir: data\nlog: {level: debug}\nicap: {listen: %q, deadline: 60s}\nops: {listen: %q}\nextract: {time: 50s}\n", n.icap, n.ops)
	if s.console != "" {
		text += fmt.Sprintf("console: {listen: %q, url: %q}\n", s.console, "http://"+s.console)
	} else {
		text += "console: {listen: \"\"}\n"
	}
	if s.database != "" {
		text += fmt.Sprintf("database: {url: %q}\n", s.database)
	}
	if s.policy != "" {
		text += "policy: {file: policy.yaml}\n"
		n.write("policy.yaml", s.policy)
	}
	n.write("sluice.yaml", text+s.extra)
	for name, data := range s.files {
		n.write(name, data)
	}
	return n
}

// write writes a file beside the settings.
func (n *sluice) write(name, data string) {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

func (n *sluice) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(n.t.Context(), os.Getenv(binaryEnv), append(args, "--config", n.config)...)
	cmd.Dir = n.dir
	cmd.Env = append(os.Environ(), "TMPDIR="+n.dir) // what it spills is searched for values, too
	return cmd
}

// start runs serve until the node is ready.
func (n *sluice) start() {
	n.t.Helper()
	n.launch()
	n.awaitReady()
}

// launch runs serve and does not wait.
func (n *sluice) launch() {
	n.t.Helper()
	cmd := n.command("serve")
	cmd.Stderr = n.stderr
	n.serving = proc.Start(n.t, "sluice serve", cmd)
}

func (n *sluice) awaitReady() {
	n.t.Helper()
	proc.Eventually(n.t, 20*time.Second, "sluice is ready", func() error {
		select {
		case <-n.serving.Done():
			n.t.Fatalf("sluice serve ended before it was ready:\n%s", n.serving.Output())
		default:
		}
		return get("http://" + n.ops + "/readyz")
	})
}

// stop ends the node as an administrator does; it must drain and end well.
func (n *sluice) stop() {
	n.t.Helper()
	n.serving.Signal(syscall.SIGTERM)
	if code := n.serving.Wait(n.t, 20*time.Second); code != 0 {
		n.t.Errorf("after SIGTERM the node ended with exit code %d", code)
	}
}

// get returns nil when url answers 200.
func get(url string) error { return answers(url, http.StatusOK, "") }

// answers returns nil when url answers with that status and a body that begins so.
func answers(url string, status int, begins string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != status || !strings.HasPrefix(string(body), begins)) {
		err = fmt.Errorf("%s: %s: %s; want %d and %q", url, resp.Status, body, status, begins)
	}
	return err
}

// run runs a command to its end.
func (n *sluice) run(args ...string) (stdout, stderr string, code int) {
	n.t.Helper()
	var out, errOut bytes.Buffer
	cmd := n.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		n.t.Fatalf("sluice %s: %v", strings.Join(args, " "), err)
	}
	_, _ = n.stderr.Write(errOut.Bytes())
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed, and returns what it printed.
func (n *sluice) must(args ...string) string {
	n.t.Helper()
	out, errOut, code := n.run(args...)
	if code != 0 {
		n.t.Fatalf("sluice %s: exit code %d: %s", strings.Join(args, " "), code, errOut)
	}
	return out
}

// events returns every event that the database holds, newest first.
func (n *sluice) events() []event.Event {
	n.t.Helper()
	var list []event.Event
	for line := range strings.Lines(n.must("events", "export", "--format", "jsonl")) {
		var e event.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			n.t.Fatalf("read an exported event: %v", err)
		}
		list = append(list, e)
	}
	return list
}

// waitEvents waits until the database holds want events, and returns them.
func (n *sluice) waitEvents(want int) []event.Event {
	n.t.Helper()
	var list []event.Event
	proc.Eventually(n.t, 20*time.Second, fmt.Sprintf("%d events are in the database", want), func() error {
		if list = n.events(); len(list) < want {
			return fmt.Errorf("%d events", len(list))
		}
		return nil
	})
	return list
}
