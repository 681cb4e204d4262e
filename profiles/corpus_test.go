package profiles_test

import (
	"compress/gzip"
	"io/fs"
	"os"
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
)

// engine compiles the built-in rules, and more of them.
func engine(t testing.TB, more ...fs.FS) *dlp.Engine {
	t.Helper()
	rules, err := dlp.Load(append([]fs.FS{profiles.FS}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	e, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// evaluate scans a compressed file of labelled prompts. They are compressed because the
// keys in them, though made up, are what tools that guard repositories stop.
func evaluate(t testing.TB, e *dlp.Engine, file string) dlp.Evaluation {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dlp.Eval(e, "default", z)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// What the built-in rules find in prompts that people labelled. A change of detection shows
// here in numbers; -v lists them for every detector.
func TestLabelledPrompts(t *testing.T) {
	e := engine(t)
	cases := map[string]struct {
		file                  string
		texts, labels, clean  int     // what the file must hold at least
		found, named          float64 // shares of the labels
		cleanFlagged, trigger int     // clean prompts with a finding, and at which the default profile triggers
	}{
		"our own, of 40 kinds in 25 languages": {"testdata/prompts.jsonl.gz", 530, 300, 260, 0.98, 0.96, 0, 0},
		// Three more sets were written to see what rules tuned on the others miss. Before they
		// were looked at, 88 %, 97 % and 96 % of their labels were found and named right, and
		// of the clean prompts of the fourth, one was flagged.
		"our second": {"testdata/prompts-second.jsonl.gz", 170, 120, 60, 0.98, 0.96, 0, 0},
		"our third":  {"testdata/prompts-third.jsonl.gz", 105, 88, 35, 0.98, 0.96, 0, 0},
		"our fourth": {"testdata/prompts-fourth.jsonl.gz", 120, 88, 44, 0.98, 0.96, 0, 0},
		// Before they were looked at, 93 % of the labels of the fifth were found and 92 % named
		// right, with 15 of its 515 clean prompts flagged, most for published test cards; then,
		// of the sixth, 98.1 % and 97.6 %, with 4 of 133. Those test cards are labels now: a number
		// is what it is, whatever the person calls it.
		"our fifth": {"testdata/prompts-fifth.jsonl.gz", 1100, 780, 507, 0.98, 0.96, 0, 0},
		"our sixth": {"testdata/prompts-sixth.jsonl.gz", 320, 205, 132, 0.98, 0.96, 0, 0},
		// The seventh, then: 98.4 % found, 98.4 % named right, none of 146 flagged.
		"our seventh": {"testdata/prompts-seventh.jsonl.gz", 240, 120, 146, 0.98, 0.96, 0, 0},
		// The eighth, every core entity and disguise once: 98.8 % and 97.5 %, with one of 115.
		"our eighth": {"testdata/prompts-eighth.jsonl.gz", 255, 162, 115, 0.98, 0.96, 0, 0},
		// The ninth, other words and formats around the same values: 93.8 % and 92.8 %, none of 70;
		// one label was wrong, a check letter of our own.
		"our ninth": {"testdata/prompts-ninth.jsonl.gz", 163, 97, 70, 0.98, 0.96, 0, 0},
		// The tenth, 929 prompts of which the instructive ones are kept: of all, 94.2 % found and named
		// right, with 4 of 347 clean ones flagged. Digits set apart and passwords in commands were missed.
		// 199 more, written once that was mended: 91.5 % and 90.7 %, none of 86 flagged; "temporary password" in
		// ten languages was missed. 127 that ask for what is said of passwords: 79.8 %, none of 45.
		"our tenth":         {"testdata/prompts-tenth.jsonl.gz", 540, 375, 200, 0.98, 0.96, 0, 0},
		"the reference set": {"testdata/reference.jsonl.gz", 79, 56, 38, 0.98, 0.96, 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := evaluate(t, e, c.file)
			if got.Texts < c.texts || got.Labels < c.labels || got.Clean < c.clean {
				t.Fatalf("%d texts, %d labels, %d clean; want at least %d, %d, %d", got.Texts, got.Labels, got.Clean, c.texts, c.labels, c.clean)
			}
			found, named := float64(got.Found)/float64(got.Labels), float64(got.Named)/float64(got.Labels)
			t.Logf("%d of %d labels found (%.1f %%), %d named right (%.1f %%), %d of %d clean prompts flagged, %d trigger",
				got.Found, got.Labels, 100*found, got.Named, 100*named, got.CleanFlagged, got.Clean, got.CleanTrigger)
			if found < c.found || named < c.named {
				t.Errorf("%.1f %% found, %.1f %% named right; want at least %.0f and %.0f", 100*found, 100*named, 100*c.found, 100*c.named)
			}
			if got.CleanFlagged > c.cleanFlagged || got.CleanTrigger > c.trigger {
				t.Errorf("%d clean prompts flagged and %d trigger; want at most %d and %d", got.CleanFlagged, got.CleanTrigger, c.cleanFlagged, c.trigger)
			}
			for _, d := range got.Detectors {
				t.Logf("%-24s %3d labels, %3d named right, %2d wrong", d.Detector, d.Labels, d.Named, d.Wrong)
			}
			for _, w := range got.Worst {
				t.Logf("%s: %s", w.ID, w.What)
			}
		})
	}
}
