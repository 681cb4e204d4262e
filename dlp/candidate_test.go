package dlp

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// shortcutTexts are the tests of all detectors, alone and all in one, and numbers of all kinds
// among few letters.
func shortcutTexts(rules *Rules) []string {
	var texts []string
	for _, d := range rules.detectors {
		for _, s := range append(d.match[:len(d.match):len(d.match)], d.clean...) {
			texts = append(texts, s.text)
		}
	}
	all := strings.Join(texts, "\n")
	rng := rand.New(rand.NewPCG(3, 4))
	for _, alphabet := range []string{"0123456789 -", "0123456789,\n", "0123456789: ssn", "0123456789  ４５６"} {
		runes := []rune(alphabet)
		var b strings.Builder
		for range 40_000 {
			b.WriteRune(runes[rng.IntN(len(runes))])
		}
		texts = append(texts, b.String(), "npi,ssn,tfn,card\n"+strings.ReplaceAll(b.String(), "-", ","))
	}
	return append(texts, all)
}

// Candidates are turned down in a quick way unless somebody wants to know why. Both ways have
// the same findings.
func TestShortcutsTurnDownTheSame(t *testing.T) {
	rules, e := builtins(t)
	compared := 0
	for _, text := range shortcutTexts(rules) {
		quick := e.Scan(t.Context(), Query{MinConfidence: Low}, Text{Data: []byte(text)})
		full := e.Scan(t.Context(), Query{MinConfidence: Low, Explain: true}, Text{Data: []byte(text)})
		if !quick.Complete || !full.Complete {
			t.Fatalf("a scan of %d bytes ended early: %s%s", len(text), quick.Limit, full.Limit)
		}
		kept := full.Findings[:0]
		for _, f := range full.Findings {
			if !f.Rejected {
				f.Evidence = nil
				kept = append(kept, f)
			}
		}
		for i := range quick.Findings {
			quick.Findings[i].Evidence = nil
		}
		compared += len(kept)
		if len(kept) != len(quick.Findings) {
			t.Fatalf("%d findings in the quick way, %d in the other, in %d bytes", len(quick.Findings), len(kept), len(text))
		}
		for i := range kept {
			if !reflect.DeepEqual(kept[i], quick.Findings[i]) {
				t.Errorf("finding %d differs: %s at %d, %s at %d", i, kept[i].Detector, kept[i].Start, quick.Findings[i].Detector, quick.Findings[i].Start)
			}
		}
	}
	if compared < 1400 {
		t.Errorf("%d findings were compared, want 1,400", compared)
	}
}

// The expression that tells where the groups of a match are says the same as the pattern.
func TestGroupsOfAMatch(t *testing.T) {
	rules, _ := builtins(t)
	compared, patterns := 0, 0
	texts := shortcutTexts(rules)
	all := texts[len(texts)-1]
	for _, d := range rules.detectors {
		for i, p := range d.patterns {
			if p.groups == 0 {
				continue
			}
			inner := p.inner()
			if inner == nil {
				continue
			}
			patterns++
			for _, m := range p.std.FindAllStringIndex(all, -1) {
				want := p.std.FindStringSubmatchIndex(all[m[0]:m[1]])
				got := inner.FindStringSubmatchIndex(all[m[0]:m[1]])
				if want != nil && got != nil && !reflect.DeepEqual(want, got) {
					t.Errorf("%s, pattern %d: groups at %v, want %v", d.id, i+1, got, want)
				}
				compared++
			}
		}
	}
	if compared < 30 || patterns < 10 {
		t.Errorf("%d matches of %d patterns were compared, want 30 of 10", compared, patterns)
	}
}
