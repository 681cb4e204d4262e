package rulefiles_test

import (
	"testing"

	"github.com/sluice-dlp/sluice/internal/rulefiles"
)

func TestWhatIsRead(t *testing.T) {
	for name, want := range map[string]bool{"a.yaml": true, "x/b.yml": true, "a.YAML": false, "yaml": false, "a.yaml.bak": false} {
		if rulefiles.Is(name) != want {
			t.Errorf("%s: %v, want %v", name, !want, want)
		}
	}
	for dir, want := range map[string]bool{"..data": true, "..2026_11_28": true, ".": false, ".git": false, "rules": false} {
		if rulefiles.IsCopy(dir) != want {
			t.Errorf("%s: %v, want %v", dir, !want, want)
		}
	}
}
