package code

import (
	"os"
	"strings"
	"testing"
)

// samples reads "=== name" sections.
func samples(t testing.TB, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, part := range strings.Split(string(data), "=== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		out[name] = text
	}
	return out
}

func TestCodeIsFound(t *testing.T) {
	all := samples(t, "testdata/code.txt")
	if len(all) < 85 {
		t.Fatalf("%d samples, want at least 85", len(all))
	}
	for name, text := range all {
		covered := 0
		Find([]byte(text), func(b Block) { covered += b.End - b.Start })
		want := len(text)
		if name == "between prose" || name == "fenced" {
			want = len(text) / 2
		}
		if 2*covered < want {
			t.Errorf("%s: %d of %d bytes found", name, covered, len(text))
			explain(t, text)
		}
	}
}

func TestOtherTextIsNot(t *testing.T) {
	all := samples(t, "testdata/clean.txt")
	if len(all) < 51 {
		t.Fatalf("%d samples, want at least 51", len(all))
	}
	for name, text := range all {
		Find([]byte(text), func(b Block) {
			t.Errorf("%s: taken for code: %+v", name, b)
			explain(t, text)
		})
	}
}

func explain(t *testing.T, text string) {
	for line := range strings.Lines(text) {
		l := scan([]byte(strings.TrimRight(line, "\r\n")), strings.HasPrefix(text, "diff"))
		t.Logf("%3d %d %s", l.score, l.kind, strings.TrimRight(line, "\n"))
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range samples(f, "testdata/code.txt") {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		last := 0
		Find(text, func(b Block) {
			if b.Start < last || b.End <= b.Start || b.End > len(text) {
				t.Fatalf("block %+v after %d in %d bytes", b, last, len(text))
			}
			last = b.End
		})
	})
}

func BenchmarkProse(b *testing.B) {
	text := []byte(strings.Repeat(samples(b, "testdata/clean.txt")["prose"], 16))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Find(text, func(Block) {})
	}
}
