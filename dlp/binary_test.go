package dlp_test

import (
	"math/rand/v2"
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
)

// TestNoiseIsNotFlagged scans what compressed and encrypted files look like.
func TestNoiseIsNotFlagged(t *testing.T) {
	e := builtin(t)
	noise := make([]byte, 24<<20)
	rng := rand.NewChaCha8([32]byte{7})
	for i := range noise {
		noise[i] = byte(rng.Uint64())
	}
	r := e.Scan(t.Context(), dlp.Query{}, dlp.Text{Data: noise})
	for _, f := range r.Findings {
		t.Errorf("%s with confidence %s at %d in %d bytes of noise", f.Detector, f.Confidence, f.Start, len(noise))
	}
	copy(noise[1<<20:], "\x00\x10password: Kestrel%IimojV7\x00\x00\x00\x04user\x00\x00\x00\x05admin\x00\x00\x00\x04host\x00\x00")
	r = e.Scan(t.Context(), dlp.Query{}, dlp.Text{Data: noise})
	if len(r.Findings) != 1 || r.Findings[0].Detector != "password" {
		t.Errorf("%d findings, want the password that stands among text", len(r.Findings))
	}
}
