package blackbox

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOneServerForADataDir starts a second server over the directory of the first, with
// addresses of its own: it is refused, other commands are not, and a killed server leaves the
// directory to the next one.
func TestOneServerForADataDir(t *testing.T) {
	node := newSluice(t, settings{})
	node.start()
	_, errOut, code := node.run("serve", "--icap.listen", "127.0.0.1:0", "--ops.listen", "127.0.0.1:0")
	want := fmt.Sprintf("sluice: data_dir %s is in use by another server (process %d): stop that one, or give this one a data_dir of its own\n",
		filepath.Join(node.dir, "data"), node.serving.PID())
	if code != 1 || !strings.HasSuffix(errOut, want) {
		t.Errorf("exit code %d and %q, want 1 and %q", code, errOut, want)
	}
	node.write("a.txt", "hello")
	node.write("a.har", `{"log":{"entries":[{"request":{"method":"GET","url":"https://chatgpt.com/","headers":[]}}]}}`)
	for _, args := range [][]string{
		{"check"},
		{"scan", "a.txt"},
		{"extract", "a.txt"},
		{"explain", "a.har"},
		{"events", "list"},
		{"events", "report", "apps"},
		{"apps", "status", "chatgpt", "approved"},
		{"exceptions", "list"},
		{"people", "erase", "nobody"},
		{"migrate", "status"},
		{"account", "list"},
	} {
		node.must(args...)
	}
	node.serving.Signal(syscall.SIGKILL)
	node.serving.Wait(t, 20*time.Second)
	node.start()
	node.stop()
	node.start()
	node.stop()
}
