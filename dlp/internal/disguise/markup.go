package disguise

import "bytes"

// Markup that changes how characters look and nothing else: <b>4111</b>1111, **4111**1111.

const (
	longestTag    = 256 // bytes of a tag or comment
	longestMarkup = 512 // bytes of tags in a row
	longestBold   = 512 // bytes between two marks of emphasis
)

// inline reports elements that stand within a word. Raised and lowered text is not read on:
// footnotes and exponents are.
func inline(name []byte) bool {
	switch string(bytes.ToLower(name)) {
	case "a", "abbr", "b", "bdi", "bdo", "big", "code", "del", "em", "font", "i", "ins", "kbd", "label", "mark", "nobr",
		"s", "samp", "small", "span", "strike", "strong", "tt", "u", "var", "wbr":
		return true
	}
	return false
}

// inlineTag returns where the tag or comment at i ends, 0 when it is none that stands within
// a word.
func inlineTag(text []byte, i int) int {
	rest := text[i:min(len(text), i+longestTag)]
	if bytes.HasPrefix(rest, []byte("<!--")) {
		if n := bytes.Index(rest[4:], []byte("-->")); n >= 0 {
			return i + n + 7
		}
		return 0
	}
	from := 1
	if len(rest) > 1 && rest[1] == '/' {
		from++
	}
	to := from
	const longestName = 6
	for to < len(rest) && to-from <= longestName && latin(rest[to]) {
		to++
	}
	if to == from || to == len(rest) || !inline(rest[from:to]) {
		return 0
	}
	switch rest[to] {
	case '>':
		return i + to + 1
	case ' ', '\t', '\r', '\n', '/':
		if n := bytes.IndexAny(rest[to:], "<>"); n > 0 && rest[to+n] == '>' && (n == 1 || rest[to+n-1] == '/' || bytes.IndexByte(rest[to:to+n], '=') > 0) {
			return i + to + n + 1
		}
	}
	return 0
}

// tags returns where a run of tags within a word or a number ends, 0 when there is none at i.
// They are weak where a browser shows a space beside them.
func tags(text []byte, i int) (end int, weak bool) {
	for j := i; j < len(text) && j-i < longestMarkup && text[j] == '<'; {
		if j = inlineTag(text, j); j == 0 {
			break
		}
		end = j
	}
	return end, end > 0 && !goesOn(text, i, end)
}

// goesOn reports that a word goes on behind what stands in text[i:end], or a number in groups.
func goesOn(text []byte, i, end int) bool {
	if i == 0 || end >= len(text) {
		return false
	}
	if keyByte(text[i-1]) && (keyByte(text[end]) || end+1 < len(text) && pointing(text[end]) && wordByte(text[end+1])) || pointing(text[i-1]) && wordByte(text[end]) {
		return true
	}
	before, behind := i-1, end
	if grouping(text[before]) {
		before--
	} else if grouping(text[behind]) {
		behind++
	}
	return before >= 0 && behind < len(text) && text[before]-'0' < 10 && text[behind]-'0' < 10
}

func keyByte(c byte) bool { return wordByte(c) || c == '-' || c == '_' || c == '/' || c == '+' }

// pointing reports what ends a sentence, or joins the groups of a number or a key.
func pointing(c byte) bool { return c == '.' || c == ':' }

func grouping(c byte) bool { return c == ' ' || c == '-' }

// emphasis returns where the two or three asterisks at i end, 0 when they are no mark of
// Markdown within a word: of two in one line, one ends what the other begins.
func emphasis(text []byte, i int) int {
	end := i + inARow(text, i, '*')
	if n := end - i; n < 2 || n > 3 || !goesOn(text, i, end) {
		return 0
	}
	mark := text[i:end]
	before, behind := text[max(0, i-longestBold):i], text[end:min(len(text), end+longestBold)]
	if n := bytes.LastIndexByte(before, '\n'); n >= 0 {
		before = before[n:]
	}
	if n := bytes.IndexByte(behind, '\n'); n >= 0 {
		behind = behind[:n]
	}
	if !bytes.Contains(before, mark) && !bytes.Contains(behind, mark) {
		return 0
	}
	return end
}
