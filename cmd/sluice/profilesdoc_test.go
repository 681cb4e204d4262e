package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fenced are the blocks of a document: a language, and the text.
var fenced = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```")

// What docs/profiles.md shows are files that load, and commands that do what it says.
func TestProfilesPageTeachesWhatWorks(t *testing.T) {
	page, err := os.ReadFile("../../docs/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	inDir(t)
	var lines []string
	files := 0
	for _, block := range fenced.FindAllStringSubmatch(string(page), -1) {
		lang, text := block[1], block[2]
		if lang == "sh" {
			for line := range strings.Lines(text) {
				lines = append(lines, strings.TrimSpace(line))
			}
			continue
		}
		head, rest, _ := strings.Cut(text, "\n")
		name, _, _ := strings.Cut(strings.TrimPrefix(head, "# "), ":")
		if lang == "csv" || lang == "jsonl" || !strings.HasPrefix(name, "my-profiles/") {
			text = rest // these know no comments
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, name, text)
		files++
	}
	if files < 13 || len(lines) < 10 {
		t.Fatalf("%d files and %d commands, want at least 13 and 10", files, len(lines))
	}
	registered(t, &lines)
	for _, line := range lines {
		run, want := line, exitFine
		if before, found := strings.CutSuffix(line, "  # exit 1"); found {
			run, want = before, exitFound
		}
		stdin := ""
		if echoed, command, ok := strings.Cut(run, "\" | "); ok {
			stdin, run = strings.TrimPrefix(echoed, "echo \""), command
		}
		args := strings.Fields(run)
		if args[0] != "sluice" {
			t.Errorf("%q is no command of ours", line)
			continue
		}
		if code, out, errOut := sluice(t, stdin, args[1:]...); code != want {
			t.Errorf("%s: exit %d, want %d\n%s%s", line, code, want, out, errOut)
		}
	}
}

// registered runs the commands that make what files name: the page explains the files first.
func registered(t *testing.T, lines *[]string) {
	t.Helper()
	var rest []string
	for _, line := range *lines {
		if !strings.Contains(line, "edm build") && !strings.Contains(line, "fingerprint add") {
			rest = append(rest, line)
			continue
		}
		if err := os.Rename("sluice.yaml", "later.yaml"); err != nil {
			t.Fatal(err)
		}
		if code, out, errOut := sluice(t, "", strings.Fields(line)[1:]...); code != exitFine {
			t.Errorf("%s: exit %d\n%s%s", line, code, out, errOut)
		}
		if err := os.Rename("later.yaml", "sluice.yaml"); err != nil {
			t.Fatal(err)
		}
	}
	*lines = rest
}
