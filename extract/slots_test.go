package extract_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/extract"
)

// TestLargeBodiesWaitForEachOther holds all the memory for large bodies and asserts that
// one more is a gap, that small ones are read all the same, and that a closed Doc makes room.
func TestLargeBodiesWaitForEachOther(t *testing.T) {
	x := extract.New(extract.Options{})
	large := `{"prompt":"` + strings.Repeat("x", 1<<20) + `"}`
	read := func(body string, patience time.Duration) *extract.Doc {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return x.Extract(ctx, extract.Input{Method: "POST", Body: memory{strings.NewReader(body)}})
	}
	var held []*extract.Doc
	for range max(4, 2*runtime.GOMAXPROCS(0)) {
		d := read(large, time.Minute)
		if len(d.Gaps) > 0 || len(d.Texts) != 1 {
			t.Fatalf("%d texts, gaps %v; want the prompt", len(d.Texts), d.Gaps)
		}
		held = append(held, d)
	}
	d := read(large, 50*time.Millisecond)
	if len(d.Gaps) != 1 || d.Gaps[0].Reason != "deadline" {
		t.Errorf("gaps %v, want a deadline: there is no memory left", d.Gaps)
	}
	if len(d.Texts) != 1 || d.Texts[0].Reader == nil || d.Texts[0].Size != int64(len(large)) {
		t.Errorf("the body is not left to the scanner as it is")
	}
	d.Close()
	if d := read(`{"prompt":"small"}`, time.Minute); len(d.Gaps) > 0 || len(d.Texts) != 1 {
		t.Errorf("a small body: %d texts, gaps %v", len(d.Texts), d.Gaps)
	}
	held[0].Close()
	held[0].Close() // twice is once
	if d := read(large, time.Minute); len(d.Gaps) > 0 {
		t.Errorf("gaps %v after one was closed", d.Gaps)
	}
}
