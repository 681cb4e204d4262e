package console

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiffsApply gives every change to the program that people apply it with.
func TestDiffsApply(t *testing.T) {
	long := strings.Repeat("a\nb\nc\nd\ne\nf\ng\nh\n", 6)
	cases := map[string][2]string{
		"nothing changed":            {long, long},
		"a line in the middle":       {long, strings.Replace(long, "d\n", "D\n", 3)},
		"two changes far apart":      {long, "start\n" + long + "end\n"},
		"everything is new":          {"", "a\nb\n"},
		"everything is gone but one": {long, "a\n"},
		"lines come between":         {"a\nb\nc\n", "a\nx\nb\ny\nc\n"},
		"changes meet":               {long, strings.ReplaceAll(long, "c\n", "C\nC2\n")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			diff := unifiedDiff("p.yaml", c[0], c[1])
			if (diff == "") != (c[0] == c[1]) {
				t.Fatalf("the change is %q", diff)
			}
			if diff == "" || c[0] == "" {
				return // patch makes no new file of an empty one
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "p.yaml")
			if err := os.WriteFile(file, []byte(c[0]), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "git", "apply", "--unidiff-zero", "-p1", "-")
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("apply: %v: %s\n%s", err, out, diff)
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != c[1] {
				t.Errorf("after applying it the file is %q, want %q: %v", got, c[1], err)
			}
		})
	}
}
