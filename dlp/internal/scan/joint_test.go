package scan

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// Many patterns of one key are read by one automaton, also those that begin before it.
func TestManyPatternsOfAKeyEqualRegexp(t *testing.T) {
	heads := []string{`password`, `(?i)password`, `\bpassword`, `[a-z]{0,3}_?password`, `(?i)[\w.]*password`, `x?password`, `(?:my|your)password`}
	parts := []string{"password", "PASSWORD", "Paſſword", "pass", "my", "_", "x.", " ", "=", "é", "\n", "\xff", "sk", "ab", "12", "-"}
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 1)), 7))
	matches := 0
	for range texts.Number(t, "SCAN_ROUNDS", rounds) {
		var exprs []string
		for len(exprs) < 2*mostParts {
			e := heads[r.IntN(len(heads))] + randomExpr(r, 1+r.IntN(3))
			if _, err := regexp.Compile(e); err == nil {
				exprs = append(exprs, e)
			}
		}
		db, oracle := compiled(t, exprs)
		if !readsTogether(db) {
			t.Fatal("no key whose patterns are read together")
		}
		for range 20 {
			var text []byte
			for n := r.IntN(60); n > 0; n-- {
				text = append(text, strings.Repeat(parts[r.IntN(len(parts))], 1+r.IntN(3))...)
			}
			matches += compare(t, db, oracle, text)
			matches += compare(t, db, oracle, bytes.Repeat(text, 3))
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if matches < rounds {
		t.Errorf("compared %d matches, want %d or more", matches, rounds)
	}
}

func readsTogether(db *DB) bool {
	for _, l := range db.plan.keys.lists {
		if l.many {
			return true
		}
	}
	return false
}

// Two sequences of one pattern can hold at one place; it is read once and matches once.
func TestJointOfOnePattern(t *testing.T) {
	db, _ := compiled(t, []string{`ab+`})
	db.plan.targets = make([]target, 2)
	db.plan.joints = []*joint{newJoint(db, share(db.plan.targets, 0), false)}
	if j := db.plan.joints[0]; j.has != 1 || db.plan.targets[1].bit != 0 {
		t.Errorf("has %b, the second target bit %d, want both to share the first", j.has, db.plan.targets[1].bit)
	}
	r := db.runs.New().(*run)
	var got []span
	r.begin([]byte("x abbb"), nil, func(_, start, end int) bool { got = append(got, span{start, end}); return true })
	r.meet([]candidate{{2, 0}, {2, 1}}, 2)
	if len(got) != 1 || got[0] != (span{2, 6}) {
		t.Errorf("got %v, want the match at 2", got)
	}
}
