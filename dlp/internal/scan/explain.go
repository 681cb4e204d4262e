package scan

import (
	"fmt"
	"strings"
)

// Unanchored returns the patterns that show nothing rare enough to look for. The other
// engine runs over every text for each of them, which costs more than all the rest
// together.
func (db *DB) Unanchored() []int { return db.twins.all(db.always) }

// Kernel returns the name of the kernel in use.
func (db *DB) Kernel() string { return db.kernel.name }

// Explain says how pattern p is looked for, for people.
func (db *DB) Explain(p int) string {
	a := db.anchors[db.twins.original(p)]
	if a == nil {
		return "no anchor: RE2 on every text"
	}
	how := "class sequence"
	if a.keyed(&a.sequences[0]) {
		how = "key"
	}
	if a.wordStart {
		how += " at a word's start"
	}
	before := "at the match's start"
	switch {
	case a.far >= unbounded:
		before = fmt.Sprintf("%d or more bytes of %d kinds into the match", a.near, a.run.size())
	case a.far > 0:
		before = fmt.Sprintf("%d to %d bytes into the match", a.near, a.far)
	}
	return fmt.Sprintf("%s, %s, %d ways, %.4f ns/B: %s", how, before, len(a.sequences), a.cost, &a.sequences[0])
}

// String writes q as a row of classes.
func (q *sequence) String() string {
	var b strings.Builder
	for i := range q.n {
		c := q.class[i]
		var in []byte
		c.each(func(x byte) { in = append(in, x) })
		if len(in) <= 4 {
			fmt.Fprintf(&b, "[%s]", strings.Trim(fmt.Sprintf("%q", in), `"`))
			continue
		}
		fmt.Fprintf(&b, "[%d]", len(in))
	}
	return b.String()
}
