package reqmod

import (
	"fmt"
	"strings"
	"testing"
)

func TestPlainNames(t *testing.T) {
	var p plainNames
	long := strings.Repeat("x", plainBytes+1)
	for _, name := range []string{"/v1/chat", long} {
		if p.has(name) {
			t.Fatalf("an empty set has %d bytes", len(name))
		}
		p.add(name)
	}
	if !p.has("/v1/chat") || p.has(long) {
		t.Fatalf("short name %v, want true; long name %v, want false", p.has("/v1/chat"), p.has(long))
	}
	for i := range 10 * plainKept {
		p.add(fmt.Sprint(i))
	}
	if n := len(p.set); n > plainKept {
		t.Fatalf("%d names are kept, want at most %d", n, plainKept)
	}
}
