package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// tracked returns the files that git knows or would add.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	args := append([]string{"-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "--"}, patterns...)
	out, err := exec.CommandContext(t.Context(), "git", args...).Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	files := strings.Fields(string(out))
	if len(files) == 0 {
		t.Fatalf("no file matches %q: the test looked in the wrong place", patterns)
	}
	return files
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)

func TestDocumentsNameFilesThatExist(t *testing.T) {
	links := 0
	for _, doc := range tracked(t, "*.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
			}
		}
	}
	if links < 3 {
		t.Fatalf("saw %d links, want at least 3", links)
	}
}

var target = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)

func TestReadmeMakeTargetsExist(t *testing.T) {
	var targets []string
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets = append(targets, m[1])
	}
	for _, want := range []string{"build", "test", "race", "lint", "fmt", "fuzz", "bench", "check", "demo"} {
		if !slices.Contains(targets, want) {
			t.Errorf("Makefile has no target %q", want)
		}
	}
	used := 0
	for _, m := range regexp.MustCompile(`(?m)^make ([a-z-]+)`).FindAllStringSubmatch(read(t, "README.md"), -1) {
		used++
		if !slices.Contains(targets, m[1]) {
			t.Errorf("README.md shows make %s, which is not in the Makefile", m[1])
		}
	}
	if used < 4 {
		t.Errorf("README.md shows %d make targets, want at least demo, build, test and check", used)
	}
}

func TestArchitectureIsTwoPagesAndNamesEveryRoom(t *testing.T) {
	text := read(t, "ARCHITECTURE.md")
	if n := strings.Count(text, "\n"); n > 120 {
		t.Errorf("ARCHITECTURE.md has %d lines; two pages are 120", n)
	}
	for room := range graph {
		if !strings.Contains(text, room) {
			t.Errorf("ARCHITECTURE.md does not name the room %s", room)
		}
	}
}

// No file may name a path of somebody's machine.
func TestNoMachinePaths(t *testing.T) {
	path := regexp.MustCompile(`(^|[\s"'=(])/(work|root|home/[a-z]+)/`)
	for _, name := range tracked(t, "*.go", "*.md", "*.sh", "*.yaml", "*.yml", "*.conf", "Makefile") {
		if strings.Contains(name, "testdata/") || strings.Contains(name, "fixtures/") {
			continue // recorded requests hold the paths of made-up people
		}
		for i, line := range strings.Split(read(t, name), "\n") {
			if path.MatchString(line) && !strings.Contains(line, "/home/u/") {
				t.Errorf("%s:%d names a machine path", name, i+1)
			}
		}
	}
}

// A file of another name is what a shell made of a slip, and no name on every system.
func TestFileNamesArePlain(t *testing.T) {
	plain := regexp.MustCompile(`^[A-Za-z0-9._/@+-]+$`)
	for _, name := range tracked(t) {
		if !plain.MatchString(name) {
			t.Errorf("%s: names of files are of letters, digits and ._@+-", name)
		}
	}
}

// A file over 1 MiB is a build's output or another's data, and stays in every clone for good.
func TestNoLargeFiles(t *testing.T) {
	for _, name := range tracked(t, ".") {
		info, err := os.Lstat(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 1<<20 {
			t.Errorf("%s has %d bytes; nothing tracked may be over 1 MiB", name, info.Size())
		}
	}
}
