package document

import (
	"bytes"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// insideText reads what a text hides from one who reads it line by line: uuencoded files, and
// words that folding has cut.
func (w *walk) insideText(path string, text []byte, depth int) {
	if whole, ok := folded(text); ok {
		w.text(join(path, "unfolded"), whole)
	}
	UUFiles(text, func(name string, data []byte) bool {
		if !w.left.Expand(len(data)) {
			w.limit(budget.Expanded)
			return false
		}
		w.member(path, name, data, depth)
		return !w.over
	})
}

// maxUU bounds the files that are looked for in one text.
const maxUU = 64

// UUFiles calls f with name and bytes of every file that a text holds uuencoded (POSIX
// uuencode, the historical algorithm), until f returns false. Together they have fewer bytes
// than the text. A file that breaks off yields what came before.
func UUFiles(text []byte, f func(name string, data []byte) bool) {
	for range maxUU {
		name, rest, ok := uuBegin(text)
		if !ok {
			return
		}
		var data []byte
		data, text = uuLines(rest)
		if len(data) > 0 && !f(string(name), data) {
			return
		}
	}
}

// uuBegin looks for the line "begin MODE NAME", and returns what follows it.
func uuBegin(text []byte) (name, rest []byte, ok bool) {
	const mark = "begin "
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(mark))
		if i < 0 {
			return nil, nil, false
		}
		at := from + i
		from = at + len(mark)
		if at > 0 && text[at-1] != '\n' {
			continue
		}
		line, rest, ok := bytes.Cut(text[from:], []byte("\n"))
		mode, name, named := bytes.Cut(bytes.TrimRight(line, "\r"), []byte(" "))
		if ok && named && uuMode(mode) {
			return name, rest, true
		}
	}
}

func uuMode(mode []byte) bool {
	for _, c := range mode {
		if c < '0' || c > '7' {
			return false
		}
	}
	return len(mode) == 3 || len(mode) == 4
}

// uuLines decodes lines until one is none, and returns what follows.
func uuLines(text []byte) (data, rest []byte) {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 || line[0] <= ' ' || line[0] >= '`' {
			return data, text
		}
		n, chars := int(line[0]-' '), line[1:]
		if len(chars) > (n+2)/3*4+2 { // two more: some write a check sum
			return data, text
		}
		n = min(n, len(chars)*3/4) // blanks at the end, which are zeros, may have been cut
		for i := 0; i < n; i += 3 {
			var six [4]byte
			for k := range six {
				if at := i/3*4 + k; at < len(chars) {
					six[k] = (chars[at] - ' ') & 0x3f
				}
			}
			three := [3]byte{six[0]<<2 | six[1]>>4, six[1]<<4 | six[2]>>2, six[2]<<6 | six[3]}
			data = append(data, three[:min(3, n-i)]...)
		}
		text = rest
	}
	return data, nil
}
