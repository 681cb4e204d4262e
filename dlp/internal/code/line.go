package code

import (
	"bytes"
)

// kind says what a line is apart from its score.
type kind uint8

const (
	plain kind = iota
	blank
	comment
	remark // a comment that may as well be a heading: it opens no block
	closer // nothing but brackets
	diffHead
)

// scored is one line: below zero it is surely not code, from two on it is.
type scored struct {
	score  int
	kind   kind
	indent int
}

// Byte classes.
const (
	letter = 1 << iota
	digit
	space
	bracket
	operator
	quote
	stop
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch c := byte(c); {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c == '_', c >= 0x80:
			t[c] = letter
		case c >= '0' && c <= '9':
			t[c] = digit
		case c == ' ' || c == '\t':
			t[c] = space
		case bytes.IndexByte([]byte("(){}[];"), c) >= 0:
			t[c] = bracket
		case bytes.IndexByte([]byte("=<>+-*/%&|!^~:$@#\\"), c) >= 0:
			t[c] = operator
		case c == '"' || c == '\'' || c == '`':
			t[c] = quote
		case c == '.' || c == ',' || c == '?':
			t[c] = stop
		}
	}
	return t
}()

// counts adds up symbols, spaces and bytes that are no text, in a third of a word each: windows
// are shorter than the 2 MiB that a third can count.
var counts = func() (t [256]uint64) {
	for c, k := range classes {
		switch {
		case k&(bracket|operator) != 0:
			t[c] = 1
		case k&space != 0:
			t[c] = 1 << third
		case c < ' ' && c != '\r':
			t[c] = 1 << (2 * third)
		}
	}
	return t
}()

const (
	third      = 21
	thirdMask  = 1<<third - 1
	binaryPart = 32 // a line is no text when one byte of so many is none
)

// glance recognises most lines of prose without a closer look: at least six words, hardly a
// symbol, and no keyword in capitals in front. Binary lines are no text at all.
func glance(t []byte) (prose, binary bool) {
	a, b := uint64(0), uint64(0)
	i := 0
	for ; i+4 <= len(t); i += 4 {
		a += counts[t[i]] + counts[t[i+1]]
		b += counts[t[i+2]] + counts[t[i+3]]
	}
	for ; i < len(t); i++ {
		a += counts[t[i]]
	}
	a += b
	symbols, spaces, others := a&thirdMask, a>>third&thirdMask, a>>(2*third)
	if others*binaryPart > uint64(len(t)) {
		return false, true
	}
	return spaces >= 6 && symbols*6 < spaces && (len(t) < 2 || t[1]|0x20 == t[1]) && (symbols == 0 || !assignment(t)), false
}

// assignment reports an equals sign with spaces around it.
func assignment(t []byte) bool {
	return bytes.IndexByte(t, '=') >= 0 && bytes.Contains(t, []byte(" = "))
}

// shape is what one pass over a line counts.
type shape struct {
	words, symbols      int
	brackets, operators int
	open, closing       int // ( and )
	braces, semicolons  int
	calls               int // a name directly before (
	equals              int // single =
	pairs               int // == != => -> :: := += && || <= >=
	any                 uint8
	signs               signs
}

// signs are the brackets and operators of a line. Two may share a bit, so that a line without
// a sign has not got it, and most are not searched for what needs one.
type signs uint64

func bit(c byte) signs { return 1 << (c & 63) }

func (s signs) may(c byte) bool { return s&bit(c) != 0 }

func measure(t []byte) shape {
	var s shape
	last, words := uint8(0), 0
	for i, c := range t {
		k := classes[c]
		s.any |= k
		words += int(k &^ (last | last>>1) & letter) // without a letter or a digit in front
		if k&(bracket|operator) != 0 {
			s.symbol(t, i, c, last)
		}
		last = k
	}
	s.words, s.symbols = words, s.brackets+s.operators
	return s
}

// symbol counts the bracket or operator c = t[i] behind a byte of the class last.
func (s *shape) symbol(t []byte, i int, c, last byte) {
	s.signs |= bit(c)
	if classes[c] == operator {
		s.operators++
		if i > 0 && last == operator {
			s.pair(t[i-1], c)
		} else if c == '=' && (i+1 == len(t) || t[i+1] != '=' && t[i+1] != '>' && t[i+1] != '~') {
			s.equals++
		}
		return
	}
	s.brackets++
	switch c {
	case '(':
		s.open++
		if last&(letter|digit) != 0 {
			s.calls++
		}
	case ')':
		s.closing++
	case '{', '}':
		s.braces++
	case ';':
		s.semicolons++
	}
}

// pair counts operators of two characters that prose has not.
func (s *shape) pair(a, b byte) {
	switch {
	case b == '=' && bytes.IndexByte([]byte("=!<>+-*/%&|^:"), a) >= 0,
		a == '=' && b == '>', a == ':' && b == ':', a == '&' && b == '&', a == '|' && b == '|', a == '-' && b == '>', a == '<' && b == '-', a == '|' && b == '>':
		s.pairs++
	}
}

// scan scores one line without its line end.
func scan(line []byte, inDiff bool) scored {
	indent := 0
	for indent < len(line) && (line[indent] == ' ' || line[indent] == '\t') {
		indent++
	}
	t := line[indent:]
	if len(t) == 0 {
		return scored{kind: blank}
	}
	if inside, ok := numberedLine(t); ok {
		inner := scan(inside, false)
		inner.indent = indent
		return inner
	}
	switch prose, binary := glance(t); {
	case binary:
		return scored{score: -1, indent: indent}
	case prose && !inDiff:
		return prosaic(t, indent)
	}
	if head := diffLine(line); head > 0 {
		return scored{score: head, kind: diffHead}
	}
	if inDiff && indent == 0 && (t[0] == '+' || t[0] == '-') {
		inner := scan(t[1:], false)
		inner.score, inner.indent = max(inner.score, 0)+1, 0
		if inner.kind == blank {
			inner.kind = plain
		}
		return inner
	}
	if cell, ok := notebookLine(t); ok {
		inner := scan(cell, false)
		inner.indent = indent
		return inner
	}
	if typed, ok := promptLine(t); ok {
		inner := scan(typed, false)
		if inner.indent = indent; inner.score > 0 { // mail quotes with >>> too
			inner.score += 2
		}
		return inner
	}
	out := scored{indent: indent, score: 0}
	s := measure(t)
	out.kind, out.score = weigh(t, s, indent+3*bytes.Count(line[:indent], []byte{'\t'}))
	return out
}

// diffLine scores the lines that only a diff has.
func diffLine(line []byte) int {
	switch {
	case bytes.HasPrefix(line, []byte("diff --git ")), bytes.HasPrefix(line, []byte("@@ -")) && bytes.Contains(line[4:], []byte(" @@")):
		return 5
	case bytes.HasPrefix(line, []byte("--- a/")), bytes.HasPrefix(line, []byte("+++ b/")), bytes.HasPrefix(line, []byte("--- /dev/null")):
		return 3
	}
	return 0
}

// prosaic scores a line of words: an end to code, unless it is a comment.
func prosaic(t []byte, indent int) scored {
	switch {
	case hasSuffix(t, " end") && bytes.HasPrefix(t, []byte("if ")) && hasAny(t, " then "):
		return scored{score: 4, indent: indent}
	case classes[t[0]]&(letter|digit) != 0:
	case bytes.HasPrefix(t, []byte("//")), bytes.HasPrefix(t, []byte("/*")), bytes.HasPrefix(t, []byte(`"""`)):
		return scored{score: 1, kind: comment, indent: indent}
	case bytes.HasPrefix(t, []byte("# ")), bytes.HasPrefix(t, []byte("* ")), bytes.HasPrefix(t, []byte("-- ")), bytes.HasPrefix(t, []byte("; ")),
		bytes.HasPrefix(t, []byte("% ")), bytes.HasPrefix(t, []byte("' ")), bytes.HasPrefix(t, []byte("'''")):
		return scored{kind: remark, indent: indent}
	}
	return scored{score: -1, indent: indent}
}

// promptLine unwraps what was typed at a Python prompt.
func promptLine(t []byte) ([]byte, bool) {
	if bytes.HasPrefix(t, []byte(">>> ")) || bytes.HasPrefix(t, []byte("... ")) {
		return t[4:], true
	}
	if bytes.HasPrefix(t, []byte("In [")) {
		if i := bytes.Index(t, []byte("]: ")); i > 0 && i < 10 {
			return t[i+3:], true
		}
	}
	return nil, false
}

// numberedLine unwraps a line of a listing: "12  return x", "12| return x".
func numberedLine(t []byte) ([]byte, bool) {
	i := 0
	for i < len(t) && i < 6 && t[i] >= '0' && t[i] <= '9' {
		i++
	}
	if i == 0 || i == len(t) {
		return nil, false
	}
	rest := bytes.TrimLeft(t[i:], " ")
	switch {
	case len(rest) == 0:
		return nil, false
	case rest[0] == '|', rest[0] == '\t', rest[0] == ':' && i < len(t)-1:
		return rest[1:], true
	case len(t)-i-len(rest) >= 1 && classes[rest[0]]&(letter|bracket) != 0:
		return rest, true
	}
	return nil, false
}

// notebookLine unwraps a line of a notebook's cell: "import numpy as np\n",
func notebookLine(t []byte) ([]byte, bool) {
	if len(t) < 6 || t[0] != '"' {
		return nil, false
	}
	t = bytes.TrimSuffix(t[1:], []byte(","))
	t, ok := bytes.CutSuffix(t, []byte(`\n"`))
	return t, ok && bytes.IndexByte(t, '"') < 0
}

// weigh scores a line by its first word and its shape.
func weigh(t []byte, s shape, indent int) (kind, int) {
	first, last := t[0], t[len(t)-1]
	if s.any&(letter|digit|quote) == 0 && s.any&bracket != 0 {
		return closer, 1
	}
	if k, score, ok := commentLine(t, s); ok {
		return k, score
	}
	if n := markup(t); n > 0 {
		return plain, n
	}
	if data(t, s, first) {
		return plain, 0
	}
	score := lisp(t, s)
	word, rest := firstWord(t)
	if len(word) > 0 {
		score = keyword(word, rest, s, indent, last)
		if score == 0 {
			score = dialect(word, rest, s, last)
		}
	}
	if s.symbols > 0 {
		score += shell(t, s.signs)
	}
	switch {
	case last == '{':
		score += 3
	case (last == '%' || last == '>') && hasSuffix(t, " %>%", " |>"):
		score += 3 // a pipe goes on
	case last == ';' && (s.open > 0 || s.equals > 0 || s.pairs > 0):
		score += 3
	case last == ';' && s.words <= 6:
		score += 2
	}
	if s.words <= 9 {
		score += min(s.pairs, 2)
	}
	if first == '|' {
		score++ // a case of a match
	}
	if indent >= 2 && s.words == 2 && field(rest) {
		score += 2
	}
	if last == 'f' && hasSuffix(t, " of") && hasAny(t, " = case ") {
		score += 6
	}
	score += min(s.pairs, 2)
	if assigns(word, rest) && !bytes.HasPrefix(rest, []byte(" = {")) {
		score += 2
		if first == '$' {
			score++
		}
	}
	if len(rest) > 1 && len(word) > 0 && rest[0] == '(' && last == ')' {
		score++ // nothing but a call
	}
	if len(rest) > 3 && len(word) > 0 && rest[0] == ' ' && (last == '\'' || last == '"') && rest[1] == last && bytes.IndexByte(rest[1:], ' ') < 0 {
		score += 2 // a call without brackets: id 'java'
	}
	if s.calls > 0 && s.closing > 0 && s.words <= 20 {
		score++
	}
	if score > 0 && indent >= 2 {
		score++
	}
	if prose(s, last) && !(score >= 3 && (upperWord(word) || score >= 5) && last != '.' && last != '?') {
		score -= 4
		if score < 2 && s.words >= 6 {
			return plain, -1
		}
	}
	return plain, max(score, 0)
}

// commentLine scores comments: they are code only beside code. A # may be a heading.
func commentLine(t []byte, s shape) (kind, int, bool) {
	switch {
	case bytes.HasPrefix(t, []byte("//")), bytes.HasPrefix(t, []byte("/*")), bytes.HasPrefix(t, []byte("*/")), bytes.HasPrefix(t, []byte(`"""`)):
		return comment, 1, true
	case bytes.HasPrefix(t, []byte("#!")):
		return plain, 5, true
	case t[0] == '#':
		for _, directive := range [...]string{"#include", "#define", "#ifdef", "#ifndef", "#endif", "#pragma", "#[derive", "#[cfg", "#if ", "#undef"} {
			if bytes.HasPrefix(t, []byte(directive)) {
				return plain, 5, true
			}
		}
		return remark, 0, true
	case t[0] == '*' && len(t) > 1 && (t[1] == ' ' || t[1] == '/') && s.symbols < 4:
		return plain, 0, true
	case bytes.HasPrefix(t, []byte("-- ")):
		return remark, 0, true
	case bytes.HasPrefix(t, []byte("- ")), bytes.HasPrefix(t, []byte("> ")):
		return plain, 0, true
	}
	return plain, 0, false
}

// data reports lines of JSON, logs, tables and settings: symbols, but no program.
func data(t []byte, s shape, first byte) bool {
	switch {
	case first == '"' && bytes.Contains(t, []byte(`":`)), first == '{' && bytes.Contains(t, []byte(`":`)), first == '[' && s.calls == 0 && s.equals == 0:
		return true
	case first >= '0' && first <= '9':
		return true
	case first == '|' && !bytes.HasPrefix(t, []byte("|>")) && !(hasAny(t, " -> ") && t[len(t)-1] != '|'), first == '$' && len(t) > 1 && t[1] == ' ':
		return true
	case first == '<' && s.calls == 0 && s.pairs == 0:
		return true
	case first == '\\':
		return true
	case bytes.HasPrefix(t, []byte("at ")) && s.closing > 0, bytes.HasPrefix(t, []byte(`File "`)) && hasAny(t, `", line `):
		return true // a stack
	}
	return s.signs.may('=') && requirement(t)
}

// requirement reports a line of a list of packages: requests==2.32.3.
func requirement(t []byte) bool {
	i := bytes.IndexAny(t, "=<>~!")
	return i > 0 && i+2 < len(t) && t[i+1] == '=' && classes[t[i+2]] == digit && !bytes.ContainsAny(t[:i], " (")
}

// prose reports a line of words that ends like a sentence or has hardly a symbol.
func prose(s shape, last byte) bool {
	if s.words < 4 {
		return false
	}
	if last == '.' || last == '?' || last == '!' {
		return s.symbols*4 < s.words*2
	}
	return s.symbols*6 < s.words
}

// firstWord splits off a leading name, with dots, indexes and sigils.
func firstWord(t []byte) (word, rest []byte) {
	i := 0
	if t[0] == '$' || t[0] == '@' || t[0] == '%' {
		i++
	}
	for i < len(t) && (classes[t[i]]&(letter|digit) != 0 || t[i] == '.' && i+1 < len(t) && classes[t[i+1]]&letter != 0) {
		i++
	}
	return t[:i], t[i:]
}

// upperWord reports a keyword in capitals.
func upperWord(word []byte) bool {
	for _, c := range word {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(word) > 1
}

// assigns reports name = value with spaces around, as programs are written and settings
// mostly are not.
func assigns(word, rest []byte) bool {
	if len(word) == 0 {
		return false
	}
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) > 0 && rest[0] == '[' { // an index
		if end := bytes.IndexByte(rest, ']'); end > 0 {
			rest = bytes.TrimLeft(rest[end+1:], " ")
		}
	}
	return len(rest) > 2 && rest[0] == '=' && rest[1] == ' '
}
