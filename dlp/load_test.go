package dlp_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestEveryMistakeIsToldWithPlaceAndRemedy(t *testing.T) {
	files, err := filepath.Glob("testdata/bad-*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("found %d bad files, want at least 7: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			source, err := dlp.Source(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = dlp.Load(source)
			if !errors.Is(err, dlp.ErrProfile) {
				t.Fatalf("a bad file gives %v, want an ErrProfile", err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil { //nolint:gosec // a file of the repository
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLintWarnsOfWhatLoadsAndDisappoints(t *testing.T) {
	own := fstest.MapFS{"mine.yaml": {Data: []byte(`
detectors:
  - id: six_digits
    patterns:
      - '\d{6}'
      - {re: 'AB\d{6}\s*x'}
    tests: {match: ["123456"]}
  - id: badge
    patterns: [{re: '\d{6}', needs: context}]
    context: {words: [badge]}
  - id: anything
    patterns: [{re: '[a-z]\w', needs: context}]
    context: {words: [badge]}
    tests: {match: ["badge ab"], clean: ["ab"]}
  - id: fine
    patterns: ['PO-\d{6}']
    tests: {match: ["PO-123456"], clean: ["PO-12345"]}
profiles: [{id: mine, use: [six_digits, anything, fine]}]
`)}}
	warnings, err := dlp.Lint([]fs.FS{own}, profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.Error())
	}
	want := []string{
		`mine.yaml:3: detector "six_digits": no test shows what it leaves alone; add tests: {clean: […]} with what looks alike`,
		`mine.yaml:5: detector "six_digits": pattern has no literal that every match contains, so it fits many other things; give it one, or the detector keywords, a validator, or needs: context`,
		"mine.yaml:6: detector \"six_digits\": no match test exercises this pattern; add one",
		"mine.yaml:6: detector \"six_digits\": pattern repeats `[\\t\\n\\f\\r ]*` without a bound; give it one, such as {1,100}",
		`mine.yaml:8: detector "badge": no profile uses it, so nothing is scanned for it; name it under use of a profile`,
		`mine.yaml:8: detector "badge": no test shows that it finds anything; add tests: {match: […]}`,
		`mine.yaml:12: detector "anything": no part of the pattern is rare, so RE2 reads every text once more for it alone; give it a literal or a longer run of digits`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestLintTellsOfAnEmptyWordList(t *testing.T) {
	own := fstest.MapFS{
		"names.txt": {Data: []byte("\xef\xbb\xbf\r\n\r\n")},
		"mine.yaml": {Data: []byte("detectors: [{id: code_name, words: {file: names.txt}}]\nprofiles: [{id: mine, use: [code_name]}]\n")},
	}
	warnings, err := dlp.Lint([]fs.FS{own}, profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	const want = `mine.yaml:1: detector "code_name": its file has no words, so it finds nothing; write them there, one a line`
	if !slices.ContainsFunc(warnings, func(w *dlp.Mistake) bool { return w.Error() == want }) {
		t.Errorf("%v, want %s", warnings, want)
	}
}

// FuzzLoad feeds the loader anything; it must tell every mistake as one, with its file.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds: ", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(exactRules)
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := dlp.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}})
		if err == nil {
			rules.Detectors()
			return
		}
		if !errors.Is(err, dlp.ErrProfile) {
			t.Fatalf("%T is no ErrProfile", err)
		}
		for line := range strings.Lines(err.Error()) {
			if strings.HasPrefix(line, "a.yaml:") {
				return
			}
		}
		t.Fatal("no line names the file")
	})
}
