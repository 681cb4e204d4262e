package disguise_test

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/dlp/internal/disguise"
)

// Texts that look as if they could be decoded at every place take no longer for it: what takes
// milliseconds is not allowed seconds, which anything that is not linear needs.
func TestTextsMadeToBeTriedCostLittle(t *testing.T) {
	const size, limit = 1 << 20, 5 * time.Second
	noise := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(noise) // it never fails
	alphabet := make([]byte, size)
	for i := range alphabet {
		alphabet[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[noise[i]&63]
	}
	packed := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}, noise[:47]...)
	spoiled := append(bytes.Repeat([]byte("some text "), size/14), noise[:100]...)
	again := func(s string) []byte { return bytes.Repeat([]byte(s), size/len(s)) }
	cases := map[string][]byte{
		"percent signs escaped many times":  again("%2525252541"),
		"one word of base64 that is noise":  alphabet,
		"lines of base64 that are noise":    []byte(lines(string(alphabet), 76)),
		"lines of base64 with a bad end":    []byte(lines(base64.StdEncoding.EncodeToString(spoiled), 76)),
		"lines that begin packed":           again(base64.StdEncoding.EncodeToString(packed) + "\n"),
		"base64 with many slashes":          again("QUJDREVG/"),
		"bytes in hex that are no text":     again("e9 "),
		"one word of hex that is no text":   again("e9"),
		"bytes in hex":                      again("41:42:43:"),
		"every way to escape":               again(`\u0041\x41&#65;%41=41`),
		"backslashes":                       again(`\`),
		"ampersands":                        again("&"),
		"quotes and pluses":                 again(`"+`),
		"tags in a row":                     again("<b>"),
		"tags within words":                 again("a<b>b</b>"),
		"emphasis within words":             again("a**b**c"),
		"strings that are joined":           again(`"a" + `),
		"invisible characters":              again("\u200b"),
		"invisible characters and letters":  again("a\u200b"),
		"noise":                             noise,
		"lists that something should join(": again(`"a","b",`),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			began, budget := time.Now(), 4*size
			disguise.Look(text)
			disguise.Mend(text, nil)
			disguise.Decode(text, nil, false, &budget)
			if took := time.Since(began); took > limit {
				t.Errorf("it takes %v", took)
			}
		})
	}
}
