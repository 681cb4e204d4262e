package dlp

import (
	"cmp"
	"io/fs"
	"path"
	"regexp/syntax"
	"slices"
	"strings"
)

// Lint looks at own, on top of base, as a reviewer would. Its error joins every mistake, as
// that of [Load] does; warnings are about what loads and is yet likely to disappoint: what
// costs time on every text, what nothing tests, what nothing uses. Only own is warned about.
func Lint(own []fs.FS, base ...fs.FS) (warnings []*Mistake, err error) {
	l := load(slices.Concat(base, own))
	l.selfTest()
	var warned mistakes
	for _, d := range l.detectors {
		if d.source >= len(base) {
			l.review(d, &warned)
		}
	}
	for i, src := range own {
		if s, ok := src.(source); ok && !l.holds[len(base)+i] {
			warned.add(cmp.Or(path.Join(s.prefix, s.only), "."), 0, "no detectors and no profiles are in it; of a directory *.yaml and *.yml are read")
		}
	}
	slices.SortFunc(warned, func(a, b *Mistake) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Text, b.Text))
	})
	return warned, l.errs.err()
}

// review warns about one detector.
func (l *loading) review(d *detector, warned *mistakes) {
	warn := func(line int, format string, args ...any) {
		warned.add(d.file, line, "detector %q: "+format, append([]any{d.id}, args...)...)
	}
	for _, p := range everywhere(d.patterns) {
		warn(p.line, "no part of the pattern is rare, so RE2 reads every text once more for it alone; give it a literal or a longer run of digits")
	}
	for _, p := range d.patterns {
		tree, err := syntax.Parse(p.re, syntax.Perl)
		if err != nil {
			continue // it compiled before
		}
		if again := endless(tree); again != "" {
			warn(p.line, "pattern repeats `%s` without a bound; give it one, such as {1,100}", again)
		}
		if !p.needsContext && len(d.keywords) == 0 && len(d.validate)+len(p.validate) == 0 && !literal(tree) {
			warn(p.line, "pattern has no literal that every match contains, so it fits many other things; "+
				"give it one, or the detector keywords, a validator, or needs: context")
		}
		if len(d.match) > 0 && !slices.ContainsFunc(d.match, func(s sample) bool { return p.std.MatchString(s.text) }) {
			warn(p.line, "no match test exercises this pattern; add one")
		}
	}
	if list, ok := d.finder.(*wordList); ok && list.named && len(list.words) == 0 {
		warn(d.line, "its file has no words, so it finds nothing; write them there, one a line")
	}
	switch {
	case len(d.match) == 0:
		warn(d.line, "no test shows that it finds anything; add tests: {match: […]}")
	case len(d.clean) == 0:
		warn(d.line, "no test shows what it leaves alone; add tests: {clean: […]} with what looks alike")
	}
	if !l.used(d.id) {
		warn(d.line, "no profile uses it, so nothing is scanned for it; name it under use of a profile")
	}
}

func (l *loading) used(id string) bool {
	for _, p := range l.profiles {
		if p.detectors[id] > 0 {
			return true
		}
	}
	return false
}

// endless returns the first part of an expression that repeats without a bound.
func endless(re *syntax.Regexp) string {
	if re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0 {
		return re.String()
	}
	for _, sub := range re.Sub {
		if s := endless(sub); s != "" {
			return s
		}
	}
	return ""
}

// literal reports whether every match of an expression contains one of few literals.
func literal(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return literal(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min > 0 && literal(re.Sub[0])
	case syntax.OpConcat:
		return slices.ContainsFunc(re.Sub, literal)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !literal(sub) })
	}
	return false
}
