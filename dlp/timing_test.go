package dlp_test

import "testing"

func BenchmarkLoadBuiltins(b *testing.B) {
	for b.Loop() {
		builtin(b)
	}
}
