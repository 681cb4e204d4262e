// Package check decides whether a value that a pattern matched obeys the rules of what it
// looks like: check digits, ranges, dates inside numbers, structure of tokens. Its functions
// are pure, take anything, and never panic.
package check

import (
	"slices"
	"strings"
)

// Verdict is what a validator thinks of a value.
type Verdict uint8

// Verdicts.
const (
	Bad  Verdict = iota // breaks the rules: not a finding
	Weak                // obeys the shape, but a check that real ones pass does not hold: low confidence
	Good                // obeys the rules; the pattern's confidence stands
	Sure                // cannot be anything else: high confidence
)

// Validator is a named check.
type Validator struct {
	Name  string
	About string // the rule in a few words
	Check func(value string) Verdict

	// Prefix, when set, tells how many bytes of a match are the value: what follows was
	// taken in because it looks like one more group. Check gets only those.
	Prefix func(match string) int

	// Within, when set, is false for a match of which no part passes Check. It is cheap.
	Within func(match []byte) bool

	said [Sure + 1]string
}

// Says puts a verdict of v into words, as evidence.
func (v *Validator) Says(of Verdict) string {
	if v.said[of] == "" { // not from Lookup or All
		return v.phrases()[of]
	}
	return v.said[of]
}

func (v *Validator) phrases() [Sure + 1]string {
	return [...]string{
		Bad:  "validator " + v.Name + " says no",
		Weak: "validator " + v.Name + " doubts",
		Good: "validator " + v.Name,
		Sure: "validator " + v.Name,
	}
}

// families lists the validators, one family a file.
func families() [][]Validator {
	return [][]Validator{
		cards(), banks(), unitedStates(), unitedKingdom(), westernEurope(), northernEurope(), asia(), south(),
		devices(), tokens(), secrets(), wallets(), contacts(), names(),
	}
}

// Lookup returns the validator of a name.
func Lookup(name string) (Validator, bool) {
	for _, family := range families() {
		for _, v := range family {
			if v.Name == name {
				v.said = v.phrases()
				return v, true
			}
		}
	}
	return Validator{}, false
}

// All returns the validators sorted by name.
func All() []Validator {
	all := slices.Concat(families()...)
	for i := range all {
		all[i].said = all[i].phrases()
	}
	slices.SortFunc(all, func(a, b Validator) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Names returns the names of all validators, sorted.
func Names() []string {
	var names []string
	for _, v := range All() {
		names = append(names, v.Name)
	}
	return names
}

func verdict(ok bool) Verdict {
	if ok {
		return Good
	}
	return Bad
}

// Compact returns a value without the separators that people group digits with, in upper
// case, so that spellings of one number are equal.
func Compact(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '.' || r == '/' || r == '\t' || r == '_':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// digits returns the decimal digits of s; ok is false when s holds anything but digits and
// separators, or not between least and most digits.
func digits(s string, least, most int) (string, bool) {
	out := make([]byte, 0, most)
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if len(out) == most {
				return "", false
			}
			out = append(out, c)
		case c == ' ' || c == '-' || c == '.' || c == '/' || c == '_':
		default:
			return "", false
		}
	}
	return string(out), len(out) >= least
}

// weighted sums digit × weight over the shorter of the two.
func weighted(digits string, weights ...int) int {
	sum := 0
	for i := range min(len(digits), len(weights)) {
		sum += int(digits[i]-'0') * weights[i]
	}
	return sum
}

// repeated reports a value of one character only.
func repeated(s string) bool {
	return s != "" && strings.Count(s, s[:1]) == len(s)
}

// number reads a short run of digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// among reports whether c is one of chars.
func among(c byte, chars string) bool { return strings.IndexByte(chars, c) >= 0 }

// upper reports whether s consists of capital letters.
func upper(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}
