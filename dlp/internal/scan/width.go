package scan

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// unbounded stands for a width without limit; sums saturate there.
const unbounded = 1 << 30

// width returns the least and the greatest number of bytes that a match of re spans.
// An invalid byte counts as one U+FFFD, as in package regexp.
func width(re *syntax.Regexp) (lo, hi int) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			a, b := runeWidth(r, re.Flags&syntax.FoldCase != 0)
			lo, hi = plus(lo, a), plus(hi, b)
		}
	case syntax.OpCharClass:
		return rangesWidth(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, utf8.UTFMax
	case syntax.OpCapture:
		return width(re.Sub[0])
	case syntax.OpConcat:
		for _, s := range re.Sub {
			a, b := width(s)
			lo, hi = plus(lo, a), plus(hi, b)
		}
	case syntax.OpAlternate:
		lo = unbounded
		for _, s := range re.Sub {
			a, b := width(s)
			lo, hi = min(lo, a), max(hi, b)
		}
	case syntax.OpQuest, syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		least, most := repeats(re)
		a, b := width(re.Sub[0])
		return times(a, least), times(b, most)
	case syntax.OpNoMatch, syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
	}
	return lo, hi
}

// repeats returns how often the operand of a repetition occurs; most is -1 without limit.
func repeats(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpQuest:
		return 0, 1
	case syntax.OpStar:
		return 0, -1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpRepeat:
		return re.Min, re.Max
	default:
		return 1, 1
	}
}

func plus(a, b int) int { return min(unbounded, a+b) }

func times(width, n int) int {
	if width == 0 || n == 0 {
		return 0
	}
	if n < 0 || width >= unbounded/n {
		return unbounded
	}
	return width * n
}

func runeWidth(r rune, fold bool) (lo, hi int) {
	lo, hi = encodedWidth(r)
	if fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			a, b := encodedWidth(f)
			lo, hi = min(lo, a), max(hi, b)
		}
	}
	return lo, hi
}

func encodedWidth(r rune) (lo, hi int) {
	if r == utf8.RuneError {
		return 1, 3
	}
	switch {
	case r < utf8.RuneSelf:
		return 1, 1
	case r < 0x800:
		return 2, 2
	case r < 0x10000:
		return 3, 3
	}
	return 4, 4
}

func rangesWidth(ranges []rune) (lo, hi int) {
	lo = unbounded
	for i := 0; i+1 < len(ranges); i += 2 {
		a, _ := encodedWidth(ranges[i])
		_, b := encodedWidth(ranges[i+1])
		lo, hi = min(lo, a), max(hi, b)
		if ranges[i] <= utf8.RuneError && utf8.RuneError <= ranges[i+1] {
			lo = 1
		}
	}
	return min(lo, hi), hi
}

// bytesOf adds every byte that can occur in a match of re to out.
func bytesOf(re *syntax.Regexp, out *byteSet) {
	switch re.Op {
	case syntax.OpLiteral:
		fold := re.Flags&syntax.FoldCase != 0
		for _, r := range re.Rune {
			addRune(out, r)
			if fold {
				for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
					addRune(out, f)
				}
			}
		}
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			lo, hi := re.Rune[i], re.Rune[i+1]
			if lo < utf8.RuneSelf {
				out.addRange(byte(lo), byte(min(hi, utf8.RuneSelf-1)))
			}
			if lo = max(lo, utf8.RuneSelf); hi-lo > 64 {
				*out = out.union(highByte)
				continue
			}
			for r := lo; r <= hi; r++ {
				addRune(out, r)
			}
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		*out = anyByte
	default:
		for _, s := range re.Sub {
			bytesOf(s, out)
		}
	}
}

func addRune(s *byteSet, r rune) {
	if r == utf8.RuneError {
		*s = s.union(highByte)
		return
	}
	for _, b := range []byte(string(r)) {
		s.add(b)
	}
}
