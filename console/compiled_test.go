package console

import (
	"fmt"
	"testing"
)

// TestPlaygroundCompilesOnce types a text under profiles that stay, and then other profiles.
func TestPlaygroundCompilesOnce(t *testing.T) {
	x := newSite(t, nil)
	first, _, err := x.server.edited(playExample, true)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := x.server.edited(playExample, true)
	if err != nil || again != first {
		t.Errorf("the same profiles were compiled twice: %v", err)
	}
	for i := range compiledSize {
		other, _, err := x.server.edited(playExample+fmt.Sprintf("# %d\n", i), true)
		if err != nil || other == first {
			t.Fatalf("other profiles: the same engine %v, %v", other == first, err)
		}
	}
	if n := len(x.server.compiled.rules); n != compiledSize {
		t.Errorf("%d are kept, want %d", n, compiledSize)
	}
	if again, _, err = x.server.edited(playExample, true); err != nil || again == first {
		t.Errorf("what was used longest ago is still kept, %v", err)
	}
	for range 2 {
		if _, _, err := x.server.edited("detectors: [{", true); err == nil {
			t.Error("broken profiles are taken")
		}
	}
}

// BenchmarkPlayground is what a keystroke costs: in the text, and in the profiles.
func BenchmarkPlayground(b *testing.B) {
	s := &Server{}
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			s.play(b.Context(), playExample, playSample, true)
		}
	})
	b.Run("profiles", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			s.play(b.Context(), playExample+fmt.Sprintf("# %d\n", i), playSample, true)
		}
	})
}
