package dlp

import (
	"reflect"
	"testing"

	sampletexts "github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// TestNarrowedMatcherFindsTheSame compares what profiles find with the matcher for all
// patterns and with one for their own.
func TestNarrowedMatcherFindsTheSame(t *testing.T) {
	_, e := builtins(t)
	c, err := sampletexts.Ordinary()
	if err != nil {
		t.Fatal(err)
	}
	texts := []Text{{Data: c.Prose[:1<<18]}, {Data: c.Code[:1<<18]}, {Data: c.Structured[:1<<18]}}
	for _, p := range c.Prompts(200) {
		texts = append(texts, Text{Data: p})
	}
	for _, ids := range [][]string{{"default"}, {"pci", "pii-eu"}, {"credentials"}} {
		q := Query{Profiles: ids, MinConfidence: Low, Explain: true}
		before := e.Scan(t.Context(), q, texts...)
		if s := e.selection(ids); s.narrow.Load() == nil {
			e.narrow(s)
		}
		after := e.Scan(t.Context(), q, texts...)
		if len(before.Findings) < 10 || !before.Complete {
			t.Fatalf("%v: %d findings, complete %v: not a test", ids, len(before.Findings), before.Complete)
		}
		if len(after.Findings) != len(before.Findings) {
			t.Fatalf("%v: %d findings of its own matcher, %d of the one for all", ids, len(after.Findings), len(before.Findings))
		}
		for i := range after.Findings {
			if !reflect.DeepEqual(after.Findings[i], before.Findings[i]) {
				t.Fatalf("%v: finding %d of %s in text %d differs", ids, i, before.Findings[i].Detector, before.Findings[i].Text)
			}
		}
	}
}

// TestDetectorsOfNoProfileCostNothing tells that an engine looks only for what a profile asks about.
func TestDetectorsOfNoProfileCostNothing(t *testing.T) {
	r, e := builtins(t)
	used := map[string]bool{}
	for _, p := range r.profiles {
		for id := range p.detectors {
			used[id] = true
		}
	}
	want, all := 0, 0
	for _, d := range r.detectors {
		all += len(d.patterns)
		if used[d.id] {
			want += len(d.patterns)
		}
	}
	if got := e.Usage().Patterns; got != want || got >= all {
		t.Errorf("the engine looks for %d patterns, want %d of the %d that there are", got, want, all)
	}
}

func TestOftenAskedSelectionsGetAMatcher(t *testing.T) {
	_, e := builtins(t)
	text := Text{Data: make([]byte, narrowAfter/2)}
	pci := []string{"pci"}
	before := e.Usage().Tables
	e.Scan(t.Context(), Query{Profiles: pci}, text)
	if e.selections.narrowing.Load() != 0 {
		t.Fatal("a matcher was made too early")
	}
	e.Scan(t.Context(), Query{Profiles: pci}, text)
	e.Close()
	if e.selection(pci).narrow.Load() == nil {
		t.Fatal("no matcher after its compilation was waited for")
	}
	if got := e.Usage().Tables; got <= before {
		t.Errorf("tables take %d bytes, want more than %d: the second matcher's", got, before)
	}
	e.Scan(t.Context(), Query{Profiles: []string{"credentials"}}, text, text)
	e.Close()
	if e.selection([]string{"credentials"}).narrow.Load() != nil {
		t.Error("a closed engine made a matcher")
	}
	e.selections.narrowing.Store(1)
	for range 2 * mostNarrow {
		e.used(&selection{known: true, want: make([]bool, len(e.patterns))}, narrowAfter)
	}
	if n := e.selections.narrowing.Load(); n != 1 {
		t.Errorf("%d matchers, want 1: there is nothing to look for", n)
	}
}
