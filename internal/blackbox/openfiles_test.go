package blackbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestNoOpenFilesLeft takes a node's descriptors away while proxies connect: the log says so once,
// with the remedy, and the proxies that wait are served when there are descriptors again.
func TestNoOpenFilesLeft(t *testing.T) {
	node := newSluice(t, settings{})
	node.start()
	pid := strconv.Itoa(node.serving.PID())
	open, err := os.ReadDir("/proc/" + pid + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	limit := func(files int) {
		t.Helper()
		if out, err := exec.Command("prlimit", "--pid", pid, fmt.Sprintf("--nofile=%d:1024", files)).CombinedOutput(); err != nil {
			t.Fatalf("prlimit: %v: %s", err, out)
		}
	}
	limit(len(open) + 4)
	var proxies []net.Conn
	for range 12 {
		c, err := net.DialTimeout("tcp", node.icap, 5*time.Second) // the system takes it, and the node has to
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		proxies = append(proxies, c)
	}
	warnings := func() int { return strings.Count(node.stderr.String(), "icap connections have to wait") }
	proc.Eventually(t, 10*time.Second, "the log tells", func() error {
		if warnings() == 0 {
			return fmt.Errorf("it does not")
		}
		return nil
	})
	time.Sleep(2 * time.Second) // as long as it takes for more lines, were they not bounded
	if n := warnings(); n != 1 || !strings.Contains(node.stderr.String(), "LimitNOFILE") {
		t.Errorf("the log warns %d times, want once, with the remedy", n)
	}
	limit(1024)
	for i, c := range proxies {
		if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "OPTIONS icap://%s/reqmod ICAP/1.0\r\nHost: %s\r\n\r\n", node.icap, node.icap); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 12)
		if _, err := c.Read(answer); err != nil || string(answer) != "ICAP/1.0 200" {
			t.Fatalf("proxy %d: %q, %v", i, answer, err)
		}
	}
}
