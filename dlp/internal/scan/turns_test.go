package scan

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// turning strings parts together that are repeated for long, with others between.
func turning(r *rand.Rand, part func() string) []byte {
	var b strings.Builder
	for range 1 + r.IntN(3) {
		for range r.IntN(4) {
			b.WriteString(part())
		}
		one := ""
		for range 1 + r.IntN(4) {
			one += part()
		}
		if one != "" {
			b.WriteString(strings.Repeat(one, (20_000+r.IntN(70_000))/len(one)))
			b.WriteString(one[:r.IntN(len(one)+1)])
		}
	}
	return []byte(b.String())
}

// compareTurns compares texts that repeat themselves, also in windows, and returns how many bytes
// turns have spared.
func compareTurns(t *testing.T, exprs []string, rounds int, r *rand.Rand, part func() string) (spared int) {
	t.Helper()
	db, oracle := compiled(t, exprs)
	for range rounds {
		text := turning(r, part)
		compare(t, db, oracle, text)
		compareWindows(t, db, exprs, text)
		spared += sparedBy(t, db, text)
		if t.Failed() {
			t.FailNow()
		}
	}
	return spared
}

// compareWindows holds what windows find of patterns that they answer for to what the whole text has.
func compareWindows(t *testing.T, db *DB, exprs []string, text []byte) {
	t.Helper()
	want := scanned(t, db, len(exprs), text)
	got := inWindows(t, db, len(exprs), text, 30_000)
	for p := range exprs {
		if pat := &db.patterns[db.twins.original(p)]; pat.reach < Margin && !pat.empty && !slices.Equal(got[p], want[p]) {
			t.Errorf("%q on %s: in windows %d matches, want %d", exprs[p], quote(text), len(got[p]), len(want[p]))
		}
	}
}

func TestTurnsOfRandomPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 5)), 6))
	rounds, spared := texts.Number(t, "SCAN_ROUNDS", 10), 0
	for range rounds {
		exprs := []string{"a", "k", "12", "pa"} // so that the text is full of beginnings
		for len(exprs) < 16 {
			e := randomExpr(r, 3)
			if _, err := regexp.Compile(e); err == nil {
				exprs = append(exprs, e)
			}
		}
		spared += compareTurns(t, exprs, 4, r, func() string { return string(randomText(r)) })
	}
	if spared < rounds*50_000 {
		t.Errorf("turns spared %d bytes, want %d or more", spared, rounds*50_000)
	}
}

func TestTurnsOfPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 7)), 8))
	_, exprs := patternList(t)
	rounds := texts.Number(t, "SCAN_ROUNDS", 10) / 2
	spared := compareTurns(t, exprs, rounds, r, func() string { return texts.Item(r) })
	if spared < rounds*5_000 {
		t.Errorf("turns spared %d bytes, want %d or more", spared, rounds*5_000)
	}
}

// TestTurnsEndInTime has matches that depend on what is behind the turns, or in front of them.
func TestTurnsEndInTime(t *testing.T) {
	cases := map[string]struct {
		expr                string
		before, turn, after string
		depends             bool // all turns on what is behind them
	}{
		"a landmark behind":          {`key=[^\n]{0,1000}[^\n]{0,1000}!`, "", "key=a; ", "!", false},
		"two landmarks behind":       {`key=[^\n]{0,1000}(?:!a|\?b)`, "", "key=a; ", "?b", false},
		"a class behind":             {`key=[a-z=; ]{0,1000}[a-z=; ]{0,1000}[!?]`, "", "key=a; ", "?", false},
		"one of few digits behind":   {`\bkey=(?:a; key=){100,400}[0-9]`, "", "key=a; ", "key=7", false},
		"the rest of the line":       {`(?m)key=[^\n]*!$`, "", "key=a; ", "!\nkey=a!", false},
		"none but at the end":        {`(?s)key=.{1000}.{1000}end`, "", "key=a; ", "end", false},
		"a run with a beginning":     {`x[a-z@; ]*@b`, "x", "a@c; ", "@b", false},
		"a run of some length":       {`[a-z@; ]{1000}[a-z@; ]{1000}[a-z@; ]{1000}[a-z@; ]*@b`, "", "a@c; ", "@b", false},
		"matches longer than a turn": {`(?:1a){900}(?:1a){900}(?:1a){900}b?`, "-", "1a", "b", true},
		"matches of many turns":      {`(?s)ab` + strings.Repeat(`.{1000}`, 5), "", "ab ", "", true},
		"turns within a match":       {`<[^>]*>`, "<", "ab ", "> ", false},
		"turns that are one match":   {`http://[^\s]+`, "", "http://a", " ", false},
		"a long match that ends":     {`(?s)<ab` + strings.Repeat(`.{1000}`, 5), "", "ab ab <ab ab ab ab ", "", true},
		"matches over the end":       {`\b\d{3}-\d{2}-\d{4}\b`, "9-", "123-45-6789 ", "123-45-678", false},
		"several in a row":           {`(?:[0-9a-f]{2}:){5}[0-9a-f]{2}`, "a", "aa:", "a", false},
		"folded letters":             {`(?i)key=[^\n]{0,800}!`, "", "\u212aey=a; ", "!", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			exprs := []string{c.expr, c.turn}
			db, oracle := compiled(t, exprs)
			spared := 0
			for _, n := range []int{30_000, 40_001} {
				text := []byte(c.before + strings.Repeat(c.turn, n/len(c.turn)) + c.after + strings.Repeat(c.turn, 20_000/len(c.turn)) + c.after)
				compare(t, db, oracle, text)
				compareWindows(t, db, exprs, text)
				spared += sparedBy(t, db, text)
			}
			if c.depends != (spared == 0) {
				t.Errorf("turns spared %d bytes", spared)
			}
		})
	}
}

// sparedBy returns how many bytes of text turns spare.
func sparedBy(t *testing.T, db *DB, text []byte) int {
	t.Helper()
	r := db.runs.New().(*run)
	r.begin(text, nil, func(_, _, _ int) bool { return true })
	if err := r.through(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r.turns.spared
}

// A turn need not end with a block: what begins right before its end is found whatever stands behind.
func TestTurnsEndWithinBlocks(t *testing.T) {
	db, oracle := compiled(t, []string{"xabq", `\d-\d`, `\d-\d \d`, "4-5"})
	const turn = "q 1-2 1-2 4-5 1-2 1-2 1-2 1-2 1-2  .xab"
	spared := 0
	for before := range len(turn) {
		text := []byte(strings.Repeat(".", before) + strings.Repeat(turn, 1500))
		compare(t, db, oracle, text)
		spared += sparedBy(t, db, text)
	}
	if spared < 500_000 {
		t.Errorf("turns spared %d bytes, want 500000 or more", spared)
	}
}

// TestTurnsThatRepeatThemselvesWithin has turns of which a part comes again before the whole does.
func TestTurnsThatRepeatThemselvesWithin(t *testing.T) {
	exprs := []string{`bearer\s[a-z]{24,}`, `(?i)pass(?:word)?\s(?:[a-z]{9,}|[=:])`, `\d{2}-\d`}
	db, oracle := compiled(t, exprs)
	for _, one := range []string{
		"bearer bearer bearer bearer beaD", "pass pass pass password=x ",
		strings.Repeat("12-3 ", 20) + strings.Repeat("bearer ", 9) + "x", strings.Repeat(strings.Repeat("pass ", 5)+"w ", 4) + "v ",
	} {
		text := []byte(strings.Repeat(one, 200_000/len(one)))
		compare(t, db, oracle, text)
		if got := sparedBy(t, db, text); got < len(text)/2 {
			t.Errorf("of %q again and again turns spared %d of %d bytes, want half", one, got, len(text))
		}
	}
}
