package scan

import (
	"context"
	"regexp/syntax"
	"unicode/utf8"
)

// pieceSize is how much text the other engine gets between two looks at the context.
const pieceSize = 64 << 10

// others runs the other engine for the patterns that need it.
func (r *run) others(ctx context.Context) error {
	for _, p := range r.db.always {
		if r.open[p] != shut && !(r.next != nil && r.db.patterns[p].empty) {
			r.redo = append(r.redo, resume{p, r.open[p]})
		}
	}
	for _, l := range r.redo {
		if r.ended {
			return nil
		}
		r.open[l.pattern] = l.from
		if err := r.sweep(ctx, l.pattern); err != nil {
			return err
		}
	}
	return nil
}

// sweep finds the matches of pattern p that the automata have not decided, piece by piece.
// A piece begins where the text before it makes no difference to the pattern, and counts
// up to where a match would reach beyond its end.
func (r *run) sweep(ctx context.Context, p int) error {
	pat, b := &r.db.patterns[p], r.text
	i := max(r.open[p], r.from)
	last := -1 // the end of the match before
	for i < r.to && !r.ended {
		if err := ctx.Err(); err != nil {
			return err
		}
		if inside(b, i) {
			i++
			continue
		}
		if !r.neutral(pat, i) {
			steps := 0
			end := pat.end(b, i, &steps)
			last = r.swept(p, i, end, last)
			i = max(i+1, end)
			continue
		}
		end, commit := r.piece(pat, i)
		found, err := pat.other.find(ctx, b[i:end], r.db.flight)
		if err != nil {
			return err
		}
		for _, m := range found {
			if i+m[0] >= commit || r.ended {
				break
			}
			last = r.swept(p, i+m[0], i+m[1], last)
		}
		i = max(commit, last)
	}
	r.open[p] = max(r.open[p], i)
	return nil
}

// piece returns the end of the piece that begins at i, and the position up to which the
// matches in it are those of the whole text.
func (r *run) piece(p *pattern, i int) (end, commit int) {
	n := len(r.text)
	if p.reach >= unbounded || n-i <= pieceSize+p.reach {
		return n, r.to
	}
	end = i + pieceSize + p.reach
	for commit = min(r.to, i+pieceSize); commit > i+pieceSize/2; commit-- {
		if r.neutral(p, commit) && !inside(r.text, commit) {
			return end, commit
		}
	}
	return n, r.to
}

// neutral reports whether a text that begins at position i looks to p like the whole one.
func (r *run) neutral(p *pattern, i int) bool {
	switch {
	case p.behind == 0:
		return true
	case i == 0:
		return r.origin
	case p.behind&syntax.EmptyBeginText != 0:
		return false
	}
	c := r.text[i-1]
	if p.behind&syntax.EmptyBeginLine != 0 {
		return c == '\n'
	}
	return !isWord(c)
}

// swept tells of a match of pattern p, if end is not before start, unless it is of nothing and right
// behind the last one, which ends at last. It returns where the last one ends now.
func (r *run) swept(p, start, end, last int) int {
	if end < start || end == start && start == last {
		return last
	}
	r.ended = !r.emit(p, start, end)
	return end
}

// behind returns the assertions in re that look at what is before them.
func behind(re *syntax.Regexp) (looks syntax.EmptyOp) {
	switch re.Op {
	case syntax.OpBeginLine:
		return syntax.EmptyBeginLine
	case syntax.OpBeginText:
		return syntax.EmptyBeginText
	case syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return syntax.EmptyWordBoundary
	default:
	}
	for _, s := range re.Sub {
		looks |= behind(s)
	}
	return looks
}

// reach returns how many bytes from its start on decide a match of re: its greatest width
// and the rune behind it.
func reach(re *syntax.Regexp) int {
	_, hi := width(re)
	return plus(hi, utf8.UTFMax)
}
