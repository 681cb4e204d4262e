// Package code finds program code that was pasted into other text. It scores every line by
// what programs have and prose has not, in no particular language, and joins neighbours.
package code

import "bytes"

// Block is a stretch of code.
type Block struct {
	Start, End int // byte offsets, whole lines without surrounding blanks
	Lines      int // lines that are not blank
	Code       int // of those, lines that look like code by themselves
	Notes      int // of those, comments
	Score      int
}

// Limits of what counts as a block.
const (
	fewest     = 3 // lines
	gapBlank   = 2 // blank lines in a row that do not end a block
	gapNeutral = 3 // lines in a row that say nothing either way
)

// Find calls hit for every block of code of at least three lines, in order.
func Find(text []byte, hit func(Block)) {
	if bytes.Count(text, []byte{'\n'}) < fewest-1 {
		return
	}
	b := builder{hit: hit}
	for at := 0; at < len(text); {
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += at
		}
		b.line(text, at, end)
		at = end + 1
	}
	b.close()
}

// builder joins scored lines into blocks.
type builder struct {
	hit     func(Block)
	open    bool
	block   Block
	pending Block // lines since the last code line: they belong to the block if code follows
	strong  int
	proof   int // lines that only programs have
	blanks  int
	neutral int
	inDiff  bool
	fence   fence
	until   []byte // inside a comment or text of several lines: what ends it
	inside  int    // lines of it so far

	manifest manifest
	last     int // where the block that was reported last ends
}

// fence is the state of a Markdown code fence.
type fence uint8

const (
	outside fence = iota
	codeFence
	dataFence
	yamlFence // data, unless it is a manifest
)

func (b *builder) line(text []byte, start, end int) {
	line := bytes.TrimRight(text[start:end], " \t\r")
	if b.markFence(line) {
		b.close()
		return
	}
	if b.fence == dataFence {
		return
	}
	if b.until != nil && b.note(line) {
		return
	}
	l := scan(line, b.inDiff)
	if b.setting(line, start, l) || b.fence == yamlFence {
		return
	}
	if l.kind == diffHead {
		b.inDiff = true
	}
	score := l.score
	if b.fence == codeFence && score >= 0 && l.kind != blank {
		score++
	}
	if score < 0 {
		b.close()
		return
	}
	defer b.opens(line)
	switch {
	case l.kind == blank:
		b.blank()
	case l.kind == remark:
		b.remark()
	case score >= 2:
		b.code(start+l.indent, start+len(line), score)
	default:
		b.weak(start+l.indent, start+len(line), score, l.kind)
	}
}

// longestNote bounds the lines of one comment or text in a program: beyond them, the quotes
// were not what they seemed.
const longestNote = 60

// note takes a line inside of a comment or a text of several lines, and reports whether it
// belongs there.
func (b *builder) note(line []byte) bool {
	if b.inside++; b.inside > longestNote || !b.open {
		b.until = nil
		return false
	}
	b.remark()
	if bytes.Contains(line, b.until) {
		b.until = nil
	}
	return true
}

// opens notes that a line of code begins a comment or a text that it does not end.
func (b *builder) opens(line []byte) {
	if !b.open {
		return
	}
	for _, pair := range [...][2]string{{`"""`, `"""`}, {"'''", "'''"}, {"/*", "*/"}} {
		i := bytes.Index(line, []byte(pair[0]))
		path := i > 0 && pair[0] == "/*" && classes[line[i-1]]&space == 0 && line[i-1] != ';' // /var/*.log
		if i >= 0 && !path && !bytes.Contains(line[i+len(pair[0]):], []byte(pair[1])) {
			b.until, b.inside = []byte(pair[1]), 0
			return
		}
	}
}

// remark takes a comment: part of the code if more follows.
func (b *builder) remark() {
	if b.open {
		b.pending.Lines++
		b.pending.Notes++
		b.blanks = 0
	}
}

// markFence follows ``` and ~~~ lines and reports whether line is one.
func (b *builder) markFence(line []byte) bool {
	t := bytes.TrimLeft(line, " \t>")
	if !bytes.HasPrefix(t, []byte("```")) && !bytes.HasPrefix(t, []byte("~~~")) {
		return false
	}
	if b.fence != outside {
		b.fence = outside
		return true
	}
	switch string(bytes.ToLower(bytes.TrimSpace(t[3:]))) {
	case "json", "csv", "text", "txt", "log", "md", "markdown", "xml", "output", "console", "toml", "ini":
		b.fence = dataFence
	case "yaml", "yml":
		b.fence = yamlFence
	case "":
	default:
		b.fence = codeFence
	}
	if b.fence == outside && len(t) == 3 {
		b.fence = codeFence // unnamed: its lines decide
	}
	return true
}

func (b *builder) blank() {
	if !b.open {
		return
	}
	if b.blanks++; b.blanks > gapBlank {
		b.close()
	}
}

func (b *builder) code(start, end, score int) {
	if !b.open {
		b.open = true
		b.block.Start = start
	}
	b.block.Lines += b.pending.Lines + 1
	b.block.Notes += b.pending.Notes
	b.block.Score += b.pending.Score + score
	b.pending = Block{}
	b.blanks, b.neutral = 0, 0
	b.block.End = end
	b.block.Code++
	if score >= 3 {
		b.strong++
	}
	if score >= 4 {
		b.proof++
	}
}

// weak takes a line that is code only among code: a bracket, a comment, an argument.
func (b *builder) weak(start, end, score int, kind kind) {
	if !b.open {
		if kind == comment {
			b.open = true
			b.block = Block{Start: start, End: end, Lines: 1, Notes: 1}
		}
		return
	}
	if kind == closer {
		b.block.Lines += b.pending.Lines + 1
		b.block.Notes += b.pending.Notes
		b.block.Score += b.pending.Score + 1
		b.block.Code++
		b.pending = Block{}
		b.blanks, b.neutral = 0, 0
		b.block.End = end
		return
	}
	b.pending.Lines++
	b.pending.Score += score
	b.blanks = 0
	if kind == comment {
		b.pending.Notes++
		return
	}
	if score == 0 {
		if b.neutral++; b.neutral > gapNeutral {
			b.close()
		}
	}
}

// close ends what is open and reports it when it is code beyond doubt.
func (b *builder) close() {
	b.endManifest()
	b.finish()
}

// finish ends the block.
func (b *builder) finish() {
	k := b.block
	rest := k.Lines - k.Notes
	sure := b.proof >= 1 || b.strong >= 4 || k.Code == rest && k.Code >= 4
	if b.open && k.Lines >= fewest && b.strong >= 2 && sure && 5*k.Code >= 3*rest && k.Score >= 3*fewest {
		b.last = k.End
		b.hit(k)
	}
	b.reset()
}

func (b *builder) reset() {
	b.open, b.block, b.pending = false, Block{}, Block{}
	b.strong, b.proof, b.blanks, b.neutral, b.inDiff, b.until = 0, 0, 0, 0, false, nil
}
