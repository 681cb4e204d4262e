package scan

import (
	"math/rand/v2"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// What begins with parts of several lengths is found by any of its slots, also beside ſ and K.
func TestSlotsByLengthEqualRegexp(t *testing.T) {
	exprs := []string{
		`(?:\d{1,3}\.){3}\d`, `\b(?i)[0-9a-f]{1,4}:(?:[0-9a-f]{1,4}:){2,}`, `\b[ab]{1,3}-\d{4}\b`, `(?i)\b[ks]{2,4}-\d+-x`, `\b\d{1,2}/\d{1,2}/\d{4}`, `\b1[0-9]?:[a-z]{3,}`,
	}
	db, oracle := compiled(t, exprs)
	slots := make([]int, len(exprs))
	for i := range db.plan.slots {
		slots[db.plan.slots[i].pattern]++
	}
	for i := range db.plan.shapes {
		slots[db.plan.shapes[i].pattern] = 0
	}
	some := 0
	for _, n := range slots {
		if n > 1 {
			some++
		}
	}
	if some < 3 {
		t.Errorf("%v slots, want more than one of three patterns or more", slots)
	}
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 1)), 10))
	parts := []string{"1", "12", ".", ".", "123", "1.22.333.4", "a", "ab", "-", "-1234", "f:", "ab12:", ":", "s", "K", "ſ", "\u212a", "x", "sk-1-x", "/", "31/12/2024", " ", "é", "\xff", "\n", "19:abc"}
	compareMixed(t, db, oracle, r, parts)
}
