package dlp_test

import (
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
)

// builtin returns an engine with the built-in rules.
func builtin(t testing.TB) *dlp.Engine {
	t.Helper()
	rules, err := dlp.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestBuiltinsLoad(t *testing.T) {
	e := builtin(t)
	if n := len(e.Profiles()); n < 5 {
		t.Fatalf("%d profiles, want at least 5", n)
	}
}
