package blackbox

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// capture is one ICAP request, byte for byte as Squid 5.7 sent it for a real client.
type capture struct {
	File       string `json:"file"`
	Kind       string `json:"kind"`
	ContinueAt int    `json:"continue_at"` // where Squid waited for "100 Continue"; -1: nowhere
	raw        []byte
}

// readCaptures unpacks the captures. They are kept compressed, because they hold made-up keys
// at which secret scanners stop.
func readCaptures(t *testing.T) []capture {
	t.Helper()
	data, err := os.ReadFile("testdata/captures.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for tr := tar.NewReader(unzipped); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(tr); err != nil {
			t.Fatal(err)
		}
	}
	var index struct{ Captures []capture }
	if err := json.Unmarshal(files["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	for i := range index.Captures {
		c := &index.Captures[i]
		if c.raw = files[c.File]; len(c.raw) == 0 {
			t.Fatalf("no bytes of %s", c.File)
		}
	}
	if len(index.Captures) < 78 {
		t.Fatalf("%d captures, want at least 78", len(index.Captures))
	}
	return index.Captures
}

// TestCapturesOfSquid plays back what Squid sent for SDKs, curl and a browser, and compares app,
// activity, decision and findings of each with the golden file.
func TestCapturesOfSquid(t *testing.T) {
	node := newSluice(t, settings{policy: `
defaults:
  unreviewed: {profiles: [default], on_match: block}
gaps: {unreviewed: log}
`})
	node.start()
	list := readCaptures(t)
	ids := make([]string, len(list))
	statuses := make([]string, len(list))
	for i, c := range list {
		statuses[i], ids[i] = playBack(t, node.icap, c)
	}
	node.stop() // everything is on disk
	byID := map[string]event.Event{}
	for _, e := range node.events() {
		byID[e.ID] = e
	}
	var got strings.Builder
	for i, c := range list {
		fmt.Fprintf(&got, "%-44s %s\n", c.File, strings.TrimSpace(statuses[i]+" "+describe(byID[ids[i]])))
	}
	golden(t, "testdata/captures.golden", got.String())
}

// describe says in a line what an event recorded.
func describe(e event.Event) string {
	if e.ID == "" {
		return "-"
	}
	s := summary(e)
	line := fmt.Sprintf("%s %s %s", s.App, s.Activity, s.Action)
	if s.Detectors != "" {
		line += " found: " + s.Detectors
	}
	for _, f := range e.Files {
		line += fmt.Sprintf(" file: %s (%s)", f.Name, f.Outcome)
	}
	if len(e.Gaps) > 0 {
		line += " gaps: " + strings.Join(e.Gaps, " ")
	}
	return line
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", path, diff)
	}
}

// playBack sends a capture as Squid did, and returns the status of ICAP (and of the HTTP answer
// in it) and the id of the event.
func playBack(t *testing.T, addr string, c capture) (status, id string) {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(90 * time.Second)); err != nil { // the first PDF starts a worker
		t.Fatal(err)
	}
	first, rest := c.raw, []byte(nil)
	if c.ContinueAt >= 0 {
		first, rest = c.raw[:c.ContinueAt], c.raw[c.ContinueAt:]
	}
	if _, err := conn.Write(first); err != nil {
		t.Fatalf("%s: %v", c.File, err)
	}
	r := bufio.NewReader(conn)
	status, header := readHead(t, c, r)
	if strings.HasPrefix(status, "100") {
		if _, err := conn.Write(rest); err != nil {
			t.Fatalf("%s: %v", c.File, err)
		}
		status, header = readHead(t, c, r)
	}
	if strings.Contains(header["encapsulated"], "res-hdr") {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v", c.File, err)
		}
		if f := strings.Fields(line); len(f) > 1 {
			status += " with HTTP " + f[1]
		}
	}
	return status, header["x-sluice-id"]
}

// readHead reads an ICAP status line and header.
func readHead(t *testing.T, c capture, r *bufio.Reader) (status string, header map[string]string) {
	t.Helper()
	header = map[string]string{}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: read the answer: %v", c.File, err)
		}
		line = strings.TrimRight(line, "\r\n")
		switch name, value, isField := strings.Cut(line, ":"); {
		case status == "":
			f := strings.Fields(line)
			if len(f) < 2 || f[0] != "ICAP/1.0" {
				t.Fatalf("%s: status line %q", c.File, line)
			}
			if _, err := strconv.Atoi(f[1]); err != nil {
				t.Fatalf("%s: status line %q", c.File, line)
			}
			status = f[1]
		case line == "":
			return status, header
		case isField:
			header[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
}
