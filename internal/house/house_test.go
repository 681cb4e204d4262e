package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sluice-dlp/sluice/"

// graph is the import graph: a room may import only what is listed. The rooms and their
// contracts are in ARCHITECTURE.md.
var graph = map[string][]string{
	"icap": {}, "classify": {"internal/nearest", "internal/rulefiles"}, "extract": {}, "dlp": {"internal/nearest", "internal/rulefiles"}, "policy": {"internal/nearest"}, "event": {},
	"profiles": {}, "migrations": {},
	"reqmod":  {"icap", "classify", "extract", "dlp", "policy", "event", "internal/theme"},
	"respmod": {"icap", "event"},
	"export":  {"event", "internal/outbound"},
	"notify":  {"event", "internal/outbound"},
	"store":   {"event", "policy", "migrations", "internal/filelock"},
	"console": {"store", "policy", "classify", "event", "dlp", "internal/theme", "internal/rulefiles"},
	"config":  {"icap", "dlp", "classify", "extract", "policy", "reqmod", "event", "store", "export", "notify", "console", "internal/nearest"},

	"internal/theme": {}, "internal/outbound": {}, "internal/nearest": {}, "internal/filelock": {}, "internal/rulefiles": {}, "internal/house": {}, "internal/blackbox": {"icap", "event"},
}

// rooms within a room: imported by their parent only.
var inner = map[string]string{
	"dlp/internal/": "dlp", "extract/internal/": "extract", "icap/internal/": "icap",
	"console/internal/": "console", "store/storetest": "store", "internal/blackbox/": "internal/blackbox", "examples/": "",
}

var banned = []string{"util", "utils", "common", "types", "models", "helpers", "shared", "base", "misc"}

func TestRooms(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Doc,Name", "../../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Doc, Name string
			Imports               []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		self := strings.TrimPrefix(p.ImportPath, module)
		if p.Doc == "" {
			t.Errorf("%s: no package comment", self)
		}
		if slices.Contains(banned, p.Name) {
			t.Errorf("%s: a package is named for what it does, not for what it holds", self)
		}
		allowed, known := graph[self]
		if known {
			seen++
		}
		parent, isInner := parentOf(self)
		if !known && !isInner && !strings.HasPrefix(self, "cmd/") {
			t.Errorf("%s: a new room; add it to the graph, with its contract in ARCHITECTURE.md", self)
		}
		for _, imp := range p.Imports {
			in, ours := strings.CutPrefix(imp, module)
			if !ours || strings.HasPrefix(self, "cmd/") || slices.Contains(allowed, in) {
				continue
			}
			if p, ok := parentOf(in); ok && (p == self || p == parent) {
				continue
			}
			if isInner && (parent == "" || in == parent || slices.Contains(graph[parent], in)) {
				continue
			}
			t.Errorf("%s imports %s: not in the graph", self, in)
		}
	}
	if seen != len(graph) {
		t.Fatalf("saw %d of the %d rooms: the test looked in the wrong place, or a room is gone", seen, len(graph))
	}
}

func parentOf(pkg string) (string, bool) {
	for prefix, parent := range inner {
		if strings.HasPrefix(pkg, prefix) {
			return parent, true
		}
	}
	return "", false
}
