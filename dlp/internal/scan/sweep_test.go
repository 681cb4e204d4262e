package scan

import (
	"strings"
	"testing"
)

// What can be nothing is found also where the other engine cannot begin, because a word goes on
// behind a match over the end of what it was given.
func TestSweepFindsNothingsBehindAMatch(t *testing.T) {
	exprs := []string{`(?:-abc)?\B`, `(?:-abc)?\b`, `(?:\B|-ab)c?`, `(?:-abc\B)?`, `(?:-abc)?`}
	db, oracle := compiled(t, exprs)
	for _, before := range []int{pieceSize - 3, pieceSize - 1, pieceSize, pieceSize - pieceSize/4} {
		for _, behind := range []string{"a", "ab.", "é", "\xffa"} {
			compare(t, db, oracle, []byte(strings.Repeat("a", before)+"-abc"+strings.Repeat(behind, 200)))
		}
	}
}
