package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamagedFileIsToldWithItsRemedy: whoever finds Sluice down after a bad disk reads which
// file it is and what to do.
func TestDamagedFileIsToldWithItsRemedy(t *testing.T) {
	damages := map[string]func(file []byte) []byte{
		"not a database":       func(b []byte) []byte { copy(b, "garbage garbage garbage"); return b },
		"cut short":            func(b []byte) []byte { return b[:len(b)/3] },
		"garbage in its pages": func(b []byte) []byte { copy(b[4096:], bytes.Repeat([]byte{0xa5}, len(b)-4096)); return b },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(t.Context(), Options{DataDir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, localFile)
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(file), 0o600); err != nil {
				t.Fatal(err)
			}
			_, opened := Open(t.Context(), Options{DataDir: dir})
			_, asked := Migrate(t.Context(), Options{DataDir: dir}, false)
			for _, err := range []error{opened, asked} {
				if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "put a backup in the place of") {
					t.Errorf("error %v, want ErrDamaged with file and remedy", err)
				}
			}
		})
	}
}
