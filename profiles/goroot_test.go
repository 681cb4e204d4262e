package profiles_test

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/dlp"
)

// explained reads the findings that are right or forgiven: a file below Go's source tree, a
// detector, and the reason.
func explained(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/goroot.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if lines.Text() == "" || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		fields := strings.SplitN(lines.Text(), "\t", 3)
		if len(fields) != 3 {
			t.Fatalf("testdata/goroot.txt: %q has not three fields", lines.Text())
		}
		out[fields[0]+" "+fields[1]] = fields[2]
	}
	return out
}

// Go's source tree holds a hundred megabytes of hashes, constants, test vectors and names.
func TestNoSecretsInGoSourceButTheExplained(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env GOROOT: %v", err)
	}
	e, known := engine(t), explained(t)
	src, files, size := filepath.Join(strings.TrimSpace(string(root)), "src"), 0, 0
	err = filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !utf8.Valid(data) {
			return err
		}
		files, size = files+1, size+len(data)
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		report := e.Scan(context.Background(), dlp.Query{Profiles: []string{"credentials"}}, dlp.Text{Data: data})
		for _, f := range report.Findings {
			if f.Confidence >= dlp.Medium && known[filepath.ToSlash(rel)+" "+f.Detector] == "" {
				t.Errorf("%s:%d: %s that nobody explained (%s)", rel, f.Line, f.Detector, strings.Join(f.Evidence, ", "))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d MB", files, size>>20)
	if files < 8000 || size < 50<<20 {
		t.Errorf("%d files of %d bytes, want at least 8000 of 50 MiB", files, size)
	}
}
