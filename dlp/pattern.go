package dlp

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"sync"
	"unicode"

	"github.com/wasilibs/go-re2"

	"github.com/sluice-dlp/sluice/dlp/internal/check"
)

// pattern is one compiled expression of a detector.
type pattern struct {
	re           string // as the author wrote it
	expr         string // with the implicit word boundaries
	confidence   Confidence
	needsContext bool
	validate     []check.Validator // instead of the detector's own
	line         int

	std    *regexp.Regexp        // for short texts and for groups
	inner  func() *regexp.Regexp // matches the whole of a match, to tell where its groups are
	groups int                   // the first group that takes part is the value; without groups the whole match
	exact  bool                  // a literal that is no word: found inside longer ones too
}

// compile parses an author's expression, adds the implicit word boundaries and compiles it.
func (p *pattern) compile(expr string) error {
	if len(expr) > maxPattern {
		return fmt.Errorf("pattern has %d bytes; the limit is %d, split it or use words", len(expr), maxPattern)
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return fmt.Errorf("pattern: %w; patterns are RE2 syntax: no look-around, no back references", mildly(err))
	}
	p.re, p.exact = expr, unlikeWord(tree)
	if p.expr = expr; !p.exact && tree.MaxCap() == 0 {
		p.expr = bounded(expr, tree)
	}
	if p.std, err = regexp.Compile(p.expr); err != nil {
		return fmt.Errorf("pattern: %w", mildly(err))
	}
	if p.std.MatchString("") {
		return errors.New("pattern matches the empty text; require at least one character")
	}
	if _, err = re2.Compile(p.expr); err != nil { // the authority on what is a pattern
		return fmt.Errorf("pattern: RE2 refuses it: %w", err)
	}
	if p.groups = p.std.NumSubexp(); p.groups > 0 {
		p.inner = sync.OnceValue(func() *regexp.Regexp { return spanning(p.expr) }) // most are never needed
	}
	return nil
}

// mostSteps is how long a program is that package regexp runs in the quick way.
const mostSteps = 500

// longRun is from how many repetitions on spanning drops the upper limit of a repetition.
const longRun = 60

// spanning compiles an expression that matches all of what expr matches, and has the same groups
// there. Long repetitions lose their limits, as their copies make a program so large that
// package regexp no longer runs it in the quick way. Nil when it is small enough as it is.
func spanning(expr string) *regexp.Regexp {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	if prog, err := syntax.Compile(tree.Simplify()); err != nil || len(prog.Inst) <= mostSteps {
		return nil
	}
	re, err := regexp.Compile(`\A(?:` + unlimited(tree).String() + `)\z`)
	if err != nil {
		return nil
	}
	return re
}

func unlimited(re *syntax.Regexp) *syntax.Regexp {
	out := *re
	out.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		out.Sub[i] = unlimited(sub)
	}
	if out.Op == syntax.OpRepeat && out.Max >= longRun {
		out.Max = -1
	}
	return &out
}

// exactRunes is how long a literal must be to stand for itself.
const exactRunes = 8

// unlikeWord reports an expression that is one long literal of letters, digits and other
// characters mixed, such as a code name PRJ-77x4. Boundaries keep words and numbers from
// matching inside longer ones; such a literal is in no longer one by accident.
func unlikeWord(tree *syntax.Regexp) bool {
	if tree.Op != syntax.OpLiteral || tree.Flags&syntax.FoldCase != 0 || len(tree.Rune) < exactRunes {
		return false
	}
	var letters, digits, others bool
	for _, r := range tree.Rune {
		switch {
		case unicode.IsLetter(r):
			letters = true
		case unicode.IsDigit(r):
			digits = true
		default:
			others = true
		}
	}
	return letters && digits && others
}

// mildly drops the package prefix that authors cannot make sense of.
func mildly(err error) error {
	var s *syntax.Error
	if errors.As(err, &s) {
		return fmt.Errorf("%s in `%s`", s.Code, s.Expr)
	}
	return err
}

// bounded puts \b where the expression can only start or end with a word character. An
// expression with a group gets none: there the boundaries are those of the value.
func bounded(expr string, tree *syntax.Regexp) string {
	left, right := wordEdge(tree, false), wordEdge(tree, true)
	if !left && !right {
		return expr
	}
	expr = "(?:" + expr + ")"
	if left {
		expr = `\b` + expr
	}
	if right {
		expr += `\b`
	}
	return expr
}

// wordEdge reports whether every match starts (or ends) with an ASCII word character.
func wordEdge(re *syntax.Regexp, end bool) bool {
	switch re.Op {
	case syntax.OpLiteral:
		r := re.Rune[0]
		if end {
			r = re.Rune[len(re.Rune)-1]
		}
		return isWord(r)
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if !isWord(r) && r != '\u017f' && r != '\u212a' { // s and k fold to these
					return false
				}
			}
		}
		return len(re.Rune) > 0
	case syntax.OpCapture, syntax.OpPlus:
		return wordEdge(re.Sub[0], end)
	case syntax.OpRepeat:
		return re.Min > 0 && wordEdge(re.Sub[0], end)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if !wordEdge(sub, end) {
				return false
			}
		}
		return true
	case syntax.OpConcat:
		return concatEdge(re.Sub, end)
	}
	return false
}

// concatEdge looks past parts that may be absent, so long as they are word characters too.
func concatEdge(subs []*syntax.Regexp, end bool) bool {
	for i := range subs {
		sub := subs[i]
		if end {
			sub = subs[len(subs)-1-i]
		}
		optional := sub.Op == syntax.OpQuest || sub.Op == syntax.OpStar || sub.Op == syntax.OpRepeat && sub.Min == 0
		if !optional {
			return wordEdge(sub, end)
		}
		if !wordEdge(sub.Sub[0], end) {
			return false
		}
	}
	return false
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// value returns the part of a match that is the finding: the first group that took part.
func (p *pattern) value(text []byte, start, end int) (int, int) {
	if p.groups == 0 {
		return start, end
	}
	var m []int
	if inner := p.inner(); inner != nil {
		m = inner.FindSubmatchIndex(text[start:end])
	}
	if m == nil {
		m = p.std.FindSubmatchIndex(text[start:end])
	}
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 && m[i+1] > m[i] {
			return start + m[i], start + m[i+1]
		}
	}
	return start, end
}
