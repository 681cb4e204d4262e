package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
)

const authored = `detectors:
  - id: badge_number
    tags: [staff]
    severity: high
    patterns: ['BDG-\d{6}']
    tests: {match: ["my BDG-123456", "BDG-654321 is hers"], clean: ["BDG-12345"]}
profiles:
  - {id: staff, name: Staff, use: [{tag: staff}]}
`

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAuthorsLintAndTestTheirFiles(t *testing.T) {
	inDir(t)
	writeFile(t, "good.yaml", authored)
	writeFile(t, "bad.yaml", strings.ReplaceAll(authored, "severity", "severty")+"  - {id: x, use: [badge_nmber]}\n")
	writeFile(t, "loose.yaml", strings.ReplaceAll(authored, `\d{6}'`, `\d+'`))

	code, out, errOut := sluice(t, "", "profiles", "lint", "good.yaml")
	if code != exitFine || out != "all good\n" {
		t.Errorf("lint of a good file: exit %d: %s%s", code, out, errOut)
	}
	code, _, errOut = sluice(t, "", "profiles", "lint", "bad.yaml")
	for _, want := range []string{
		`bad.yaml:4: detector "badge_number": unknown field "severty" (did you mean "severity"?)`,
		`bad.yaml:9: profile "x": no detector "badge_nmber" (did you mean "badge_number"?)`,
	} {
		if code != exitFound || !strings.Contains(errOut, want) {
			t.Errorf("lint of a bad file: exit %d, want %q in: %s", code, want, errOut)
		}
	}
	code, out, _ = sluice(t, "", "profiles", "lint", "loose.yaml")
	if want := "loose.yaml:5: warning: detector \"badge_number\": pattern repeats `[0-9]+` without a bound; give it one, such as {1,100}\n"; out != want || code != exitFound {
		t.Errorf("lint of a loose file: exit %d, got %q", code, out)
	}
	code, out, errOut = sluice(t, "", "profiles", "test", "good.yaml")
	if code != exitFine || !strings.Contains(out, "badge_number  2 found  1 left alone  good.yaml:2\nall good: 3 tests of 1 detectors\n") {
		t.Errorf("test: exit %d: %s%s", code, out, errOut)
	}
	code, _, errOut = sluice(t, "", "profiles", "test", "loose.yaml")
	if want := `loose.yaml:6: detector "badge_number": its clean test 1 is flagged`; code != exitFound || !strings.Contains(errOut, want) {
		t.Errorf("a failing test: exit %d: %s", code, errOut)
	}
}

func TestProfilesShowAndList(t *testing.T) {
	inDir(t)
	code, out, errOut := sluice(t, "", "profiles", "show", "pci")
	if p := decode[dlp.Profile](t, out); code != exitFine || p.ID != "pci" || len(p.Detectors) == 0 {
		t.Errorf("show of a profile: exit %d: %s", code, errOut)
	}
	code, out, errOut = sluice(t, "", "profiles", "show", "credit_card")
	d := decode[dlp.Detector](t, out)
	if code != exitFine || d.Severity != dlp.SeverityHigh || len(d.Patterns) == 0 || len(d.Validators) == 0 || len(d.Profiles) == 0 {
		t.Errorf("show of a detector: exit %d, %+v: %s", code, d, errOut)
	}
	if code, _, errOut = sluice(t, "", "profiles", "show", "no_such"); code != exitFound || !strings.Contains(errOut, "no_such") {
		t.Errorf("show of nothing: exit %d: %s", code, errOut)
	}
	for flag, want := range map[string]string{"--validators": `{"name":"luhn","about":`, "--detectors": `{"id":"credit_card",`} {
		code, out, errOut = sluice(t, "", "profiles", "list", flag, "--json")
		if code != exitFine || !strings.Contains(out, "\n"+want) {
			t.Errorf("list %s: exit %d: %s", flag, code, errOut)
		}
	}
	code, out, _ = sluice(t, "", "profiles", "schema")
	if code != exitFine || !json.Valid([]byte(out)) || !strings.Contains(out, `"detectors"`) {
		t.Errorf("schema: exit %d", code)
	}
}

func TestProfilesEvalTakesPlainAndPackedLines(t *testing.T) {
	inDir(t)
	lines := `{"id":"p1","text":"card 4111 1111 1111 1111","labels":[{"entity":"credit_card","start":5,"end":24}]}` + "\n" +
		`{"id":"p2","text":"nothing here","labels":[]}` + "\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(lines))
	_ = w.Close()
	writeFile(t, "prompts.jsonl", lines)
	writeFile(t, "prompts.jsonl.gz", packed.String())
	for _, file := range []string{"prompts.jsonl", "prompts.jsonl.gz"} {
		code, out, errOut := sluice(t, "", "profiles", "eval", file, "--json")
		r := decode[dlp.Evaluation](t, out)
		if code != exitFine || r.Texts != 2 || r.Labels != 1 || r.Named != 1 || r.CleanFlagged != 0 {
			t.Errorf("%s: exit %d, %+v: %s", file, code, r, errOut)
		}
	}
	code, out, errOut := sluice(t, "", "profiles", "eval", "prompts.jsonl")
	for _, want := range []string{"100.0 %    100.0 %       1      1      0    credit_card", "2 texts, 1 labels: 1 found, 1 named (recall 100.0 %, precision 100.0 %)"} {
		if code != exitFine || !strings.Contains(out, want) {
			t.Errorf("exit %d, want %q in:\n%s%s", code, want, out, errOut)
		}
	}
	if code, _, errOut = sluice(t, "{", "profiles", "eval", "-"); code != exitFound || !strings.Contains(errOut, "-: line 1: ") {
		t.Errorf("a broken line: exit %d: %s", code, errOut)
	}
}

func TestScanExplainsWhatItTurnsDown(t *testing.T) {
	inDir(t)
	writeFile(t, "note.txt", "card 4111 1111 1111 1111 or 4111 1111 1111 1112, order 4417123456789113\n")
	code, out, errOut := sluice(t, "", "scan", "note.txt", "--explain", "--format", "json")
	file := decode[struct{ Findings []dlp.Finding }](t, out)
	why := map[bool]string{}
	for _, f := range file.Findings {
		why[f.Rejected] += f.Detector + ": " + strings.Join(f.Evidence, "; ") + "\n"
	}
	if code != exitFound || !strings.Contains(why[false], "credit_card: pattern: ") || !strings.Contains(why[true], "credit_card: pattern: medium confidence; validator credit_card says no") {
		t.Errorf("exit %d\nfound:\n%sturned down:\n%s%s", code, why[false], why[true], errOut)
	}
	_, out, _ = sluice(t, "", "scan", "note.txt", "--explain")
	if !strings.Contains(out, "  rejected  ") || !strings.Contains(out, "says no") {
		t.Errorf("the table does not tell what was turned down:\n%s", out)
	}
}

// What the command says of the built-in files is what TestLintHasNothingElseToSay of package
// profiles lets pass.
func TestLintOfTheBuiltinFilesSaysTwoThings(t *testing.T) {
	code, out, errOut := sluice(t, "", "profiles", "lint", "../../profiles")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	lines := 0
	for line := range strings.Lines(out) {
		lines++
		if !strings.Contains(line, "without a bound") && !strings.Contains(line, "no profile uses it") {
			t.Errorf("it also says: %s", line)
		}
	}
	if lines < 40 {
		t.Errorf("%d warnings, want at least 40: were the files read?", lines)
	}
}

// TestFilesOfBothNamesAreRead has a directory in which nothing is, and one with a file that is
// named as others name YAML.
func TestFilesOfBothNamesAreRead(t *testing.T) {
	inDir(t)
	if err := errors.Join(os.MkdirAll("none", 0o700), os.MkdirAll("mine", 0o700)); err != nil {
		t.Fatal(err)
	}
	text := "detectors:\n  - id: badge\n    patterns: ['BDG-\\d{6}']\n    tests: {match: [BDG-123456], clean: [BDG-12]}\nprofiles: [{id: mine, use: [badge]}]\n"
	if err := os.WriteFile("mine/badge.yml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"none": "none: warning: no detectors and no profiles are in it; of a directory *.yaml and *.yml are read\n",
		"mine": "all good\n",
	} {
		if code, out, errOut := sluice(t, "", "profiles", "lint", dir); code != exitFine || out != want {
			t.Errorf("%s: exit %d, %q %q, want %q", dir, code, out, errOut, want)
		}
	}
	if code, out, _ := sluice(t, "", "profiles", "test", "mine"); code != exitFine || !strings.Contains(out, "2 tests of 1 detectors") {
		t.Errorf("test: exit %d, %q", code, out)
	}
}
