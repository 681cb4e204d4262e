package blackbox

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httputil"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The whole of what docs/benchmarks.md reports is -uploads 64 -upload-size 100000000.
var (
	uploads    = flag.Int("uploads", 12, "uploads at once of TestLargeUploads")
	uploadSize = flag.Int64("upload-size", 12<<20, "bytes of each")
)

// TestLargeUploads sends large bodies to an approved app, all at once and without leave to
// answer 204, and asserts that each comes back byte for byte while the node's memory stays
// near the budget for bodies.
func TestLargeUploads(t *testing.T) {
	const budget = 32 << 20
	node := newSluice(t, settings{files: map[string]string{}})
	node.write("sluice.yaml", strings.ReplaceAll(read(t, node.config), "icap: {", fmt.Sprintf("icap: {memory: %d, spill: %d, ", budget, int64(*uploads)**uploadSize*2)))
	node.must("apps", "status", "chatgpt", "approved")
	node.start()
	if got := answerTo(t, node, openAIChat("Write a haiku.")); got != "passed" {
		t.Fatalf("a clean prompt is %s", got)
	}
	before := peakRSS(t, node.serving.PID())
	var all sync.WaitGroup
	for i := range *uploads {
		all.Go(func() {
			if err := upload(node.icap, uint64(i), *uploadSize); err != nil {
				t.Errorf("upload %d: %v", i, err)
			}
		})
	}
	all.Wait()
	after := peakRSS(t, node.serving.PID())
	t.Logf("%d uploads of %d bytes: peak RSS %d MiB before, %d MiB after; budget for bodies %d MiB", *uploads, *uploadSize, before>>20, after>>20, budget>>20)
	// Beside the budget: 4 MiB a connection to hash and scan with, and what the collector leaves.
	if most := 2*before + 2*budget + int64(*uploads)<<22; after > most {
		t.Errorf("peak RSS is %d MiB, want at most %d MiB", after>>20, most>>20)
	}
	sizes := map[int64]int{}
	for _, e := range node.waitEvents(*uploads + 1) {
		if e.App.ID == "chatgpt" {
			sizes[e.BytesOut]++
		}
		if e.App.ID == "chatgpt" && e.Decision.Action != "allow" && e.Decision.Action != "log" {
			t.Errorf("event %s: action %s, want allow or log", e.ID, e.Decision.Action)
		}
	}
	if sizes[*uploadSize] != *uploads {
		t.Errorf("events by bytes sent: %v, want %d of %d", sizes, *uploads, *uploadSize)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// peakRSS returns the most memory that a process has held, in bytes.
func peakRSS(t *testing.T, pid int) int64 {
	t.Helper()
	for line := range strings.Lines(read(t, fmt.Sprintf("/proc/%d/status", pid))) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kib), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("the kernel tells no VmHWM")
	return 0
}

// upload sends size bytes as Squid would with neither preview nor Allow, and compares what
// comes back.
func upload(addr string, seed uint64, size int64) error {
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Minute)); err != nil {
		return err
	}
	head := fmt.Sprintf("PUT https://files.oaiusercontent.com/file-%d HTTP/1.1\r\nHost: files.oaiusercontent.com\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", seed, size)
	w := bufio.NewWriterSize(conn, 64<<10)
	fmt.Fprintf(w, "REQMOD icap://%s/reqmod ICAP/1.0\r\nHost: %s\r\nX-Client-IP: 10.0.0.%d\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s", addr, addr, seed%200+1, len(head), head)
	sent := sha256.New()
	chunks := httputil.NewChunkedWriter(w)
	if _, err := io.Copy(io.MultiWriter(chunks, sent), io.LimitReader(noise(seed), size)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if err := errors.Join(chunks.Close(), writeString(w, "\r\n"), w.Flush()); err != nil {
		return fmt.Errorf("send the end: %w", err)
	}
	r := bufio.NewReaderSize(conn, 64<<10)
	text := textproto.NewReader(r)
	status, err := text.ReadLine()
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if status != "ICAP/1.0 200 OK" {
		return fmt.Errorf("answered %q", status)
	}
	if _, err := text.ReadMIMEHeader(); err != nil {
		return err
	}
	line, err := text.ReadLine()
	if err != nil || !strings.HasPrefix(line, "PUT ") {
		return fmt.Errorf("the request came back as %q: %w", line, err)
	}
	if _, err := text.ReadMIMEHeader(); err != nil {
		return err
	}
	got := sha256.New()
	n, err := io.Copy(got, httputil.NewChunkedReader(r))
	if err != nil || n != size {
		return fmt.Errorf("%d of %d bytes came back: %w", n, size, err)
	}
	if string(got.Sum(nil)) != string(sent.Sum(nil)) {
		return errors.New("other bytes came back than were sent")
	}
	return nil
}

func writeString(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// noise is an endless stream of the bytes that belong to seed.
func noise(seed uint64) io.Reader {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	return rand.NewChaCha8(key)
}
