package dlp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/dlp/internal/disguise"
	"github.com/sluice-dlp/sluice/dlp/internal/disguise/disguisetest"
	"github.com/sluice-dlp/sluice/profiles"
)

// builtins returns the built-in rules and their engine.
func builtins(t testing.TB) (*Rules, *Engine) {
	t.Helper()
	rules, err := Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(rules, Options{Key: make([]byte, keySize)})
	if err != nil {
		t.Fatal(err)
	}
	return rules, e
}

func scanAll(e *Engine, text string) []Finding {
	return e.Scan(context.Background(), Query{MinConfidence: Low}, Text{Data: []byte(text)}).Findings
}

// of returns the first finding of a detector.
func of(id string, fs []Finding) (Finding, bool) {
	i := slices.IndexFunc(fs, func(f Finding) bool { return f.Detector == id })
	if i < 0 {
		return Finding{}, false
	}
	return fs[i], true
}

// hide disguises text[start:end], which may stand in quotes already.
func hide(text string, start, end int64, name string, enc disguisetest.Encoding) string {
	value := text[start:end]
	hidden := enc.Encode(value)
	if enc.Kind == disguise.Split && start > 0 && strings.ContainsRune("\"'`", rune(text[start-1])) {
		inner := strings.Trim(hidden, `[]"'`)
		if name == "a joined list" {
			return text // the list would stand in quotes
		}
		hidden = strings.NewReplacer(`"`, text[start-1:start], `'`, text[start-1:start]).Replace(inner)
	}
	return text[:start] + hidden + text[end:]
}

// What a detector finds in its own tests, it finds in every disguise of the value as well,
// and redacting that leaves nothing.
func TestBuiltinsSeeThroughEveryDisguise(t *testing.T) {
	const shortest = 12 // twelve characters
	rules, e := builtins(t)
	tried, missed := map[string]int{}, map[string][]string{}
	for _, d := range rules.detectors {
		if d.finder != nil {
			continue
		}
		for i, s := range d.match {
			f, ok := of(d.id, scanAll(e, s.text))
			if !ok || f.End-f.Start < shortest {
				continue
			}
			for name, enc := range disguisetest.Encodings {
				text := hide(s.text, f.Start, f.End, name, enc)
				if text == s.text {
					continue
				}
				tried[name]++
				all := scanAll(e, text)
				got, ok := of(d.id, all)
				if !ok || got.Start > f.End+int64(len(text)-len(s.text)) || got.End <= f.Start {
					missed[name] = append(missed[name], fmt.Sprint(d.id, " ", i+1))
					continue
				}
				if left, ok := of(d.id, scanAll(e, redacted(text, all))); ok {
					t.Errorf("%s, test %d, %s: after redaction it is found again: %s", d.id, i+1, name, strings.Join(left.Evidence, ", "))
				}
			}
		}
	}
	if len(tried) != len(disguisetest.Encodings) {
		t.Fatalf("%d disguises tried, want all %d", len(tried), len(disguisetest.Encodings))
	}
	// Footnotes look like one raised digit. Strings in two parts are looked at as one only where
	// a program joins them, not inside of "key=" or a table. Only few values have spaces, and in
	// a private key they are far from its end. Markup is taken out within words and numbers, not
	// beside a blank. A word whose letters are all Cyrillic is a Russian one.
	percent := map[string]int{
		"raised digits": 7, "split strings": 4, "split in PHP": 4, "neighbours in C": 4, "a joined list": 4,
		"no-break spaces": 8, "thin spaces": 8, "named entities": 10, "emphasis": 3, "tags of HTML": 3, "percent": 2, "Cyrillic letters": 3,
	}
	for name, n := range tried {
		if 100*len(missed[name]) > cmp.Or(percent[name], 1)*n || n < 30 {
			t.Errorf("%s: %d of %d are missed: %s", name, len(missed[name]), n, strings.Join(missed[name], ", "))
		}
	}
}

func TestRedactedTextsAreClean(t *testing.T) {
	rules, e := builtins(t)
	for _, d := range rules.detectors {
		for i, s := range d.match {
			report := e.Scan(context.Background(), Query{}, Text{Data: []byte(s.text)})
			text := redacted(s.text, report.Findings)
			if !utf8.ValidString(text) {
				t.Errorf("%s, test %d: redaction cuts a character", d.id, i+1)
			}
			for _, f := range e.Scan(context.Background(), Query{}, Text{Data: []byte(text)}).Findings {
				t.Errorf("%s, test %d: after redaction %s is found: %s", d.id, i+1, f.Detector, strings.Join(f.Evidence, ", "))
			}
		}
	}
}

// redacted puts a finding's name in the place of its bytes, as the request path does.
func redacted(text string, fs []Finding) string {
	var out strings.Builder
	at := int64(0)
	for _, f := range fs {
		start, end := f.Spread()
		if end > at {
			out.WriteString(text[at:max(at, start)] + Redaction(f))
		}
		at = max(at, end)
	}
	return out.String() + text[at:]
}

// A disguise that hides two values hides neither from its detector, though both have one span.
func TestOneDisguiseMayHideSeveralValues(t *testing.T) {
	_, e := builtins(t)
	const text = "Please charge card 4539 5787 6362 1486 and mail to DE89 3704 0044 0532 0130 00"
	for _, name := range []string{"base64", "hex", "gzip"} {
		all := scanAll(e, "see "+disguisetest.Encodings[name].Encode(text))
		for _, id := range []string{"credit_card", "iban"} {
			if _, ok := of(id, all); !ok {
				t.Errorf("%s: no %s", name, id)
			}
		}
	}
}
