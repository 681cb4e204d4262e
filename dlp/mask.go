package dlp

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/dlp/internal/check"
)

const (
	bullet = "•"
	// hidden stands for a value of which nothing may show, not even its length.
	hidden = "••••••••"
	// shortest is the length below which nothing of a value shows.
	shortest = 12
)

// mask shows what a person may see of a value: the last four characters, of cards also
// the first six, and nothing of secrets and short values.
func (d *detector) mask(value []byte) string {
	n := utf8.RuneCount(value)
	if d.secret() || n < shortest || d.passages() {
		return hidden
	}
	runes := []rune(string(value))
	if d.hasTag("card") {
		runes = slices.DeleteFunc(runes, func(r rune) bool { return !unicode.IsDigit(r) })
		if n = len(runes); n < shortest {
			return hidden
		}
		return string(runes[:6]) + strings.Repeat(bullet, n-10) + string(runes[n-4:])
	}
	return strings.Repeat(bullet, min(n-4, 24)) + string(runes[n-4:])
}

// fingerprint returns the keyed hash of a value without its separators.
func (e *Engine) fingerprint(value []byte) string {
	mac := hmac.New(sha256.New, e.options.Key)
	mac.Write([]byte("finding\x00"))
	mac.Write([]byte(check.Compact(string(value))))
	return "hmac:" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// Redaction returns what takes the place of a finding's bytes: "[credit_card]".
func Redaction(f Finding) string { return "[" + f.Detector + "]" }

// blackout is what MaskAll puts in the place of a finding.
const blackout = "████"

// MaskAll returns text with the findings' ranges replaced by blocks; text must be the
// one the findings came from. Used for excerpts, paths and file names.
func MaskAll(text []byte, fs []Finding) string {
	spans := slices.Clone(fs)
	for i := range spans {
		spans[i].Start, spans[i].End = spans[i].Spread()
	}
	slices.SortFunc(spans, func(a, b Finding) int { return cmp.Compare(a.Start, b.Start) })
	var out strings.Builder
	at := int64(0)
	for _, f := range spans {
		start, end := max(f.Start, 0), min(f.End, int64(len(text)))
		if f.Rejected || end <= at || start > end {
			continue
		}
		if start >= at {
			out.Write(text[at:start])
			out.WriteString(blackout)
		}
		at = end
	}
	out.Write(text[min(at, int64(len(text))):])
	return out.String()
}
