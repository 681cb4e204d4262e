package reqmod

import (
	"io"
	"slices"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract"
)

// joint is what stands around the seams of a message: parts of its texts, one behind the
// other. It copies nothing: a scan reads it window by window.
type joint struct {
	texts  []extract.Text
	pieces []piece
}

// piece is a part of one text. Before the next one may be a blank.
type piece struct {
	text     int
	from     int64 // where it begins in its text
	at, size int64 // where it is in the joint
}

func (p *piece) end() int64 { return p.at + p.size }

// nearSeam is how far from a seam the words on its other side may speak for a value.
const nearSeam = 512

// besides reports whether a stretch within one piece is near another one.
func (j *joint) besides(piece int, start, end int64) bool {
	p := &j.pieces[piece]
	return piece > 0 && start-p.at < nearSeam || piece < len(j.pieces)-1 && p.end()-end < nearSeam
}

// joints returns what stands around the seams of the messages in texts, at most
// [extract.EdgeBytes] of each end of a text.
func joints(texts []extract.Text) []joint {
	var list []joint
	var told []bool // texts that go on with the one before
	for i := range texts {
		if texts[i].Next == 0 || told != nil && told[i] {
			continue
		}
		if told == nil {
			told = make([]bool, len(texts))
		}
		j := joint{texts: texts}
		j.add(i, int64(len(texts[i].Data))-extract.EdgeBytes, extract.EdgeBytes)
		for at := texts[i].Next; at != 0; at = texts[at].Next {
			told[at] = true
			size := int64(len(texts[at].Data))
			if texts[at].Next != 0 && size <= 2*extract.EdgeBytes {
				j.add(at, 0, size)
				continue
			}
			j.add(at, 0, extract.EdgeBytes)
			list = append(list, j)
			j = joint{texts: texts}
			j.add(at, size-extract.EdgeBytes, extract.EdgeBytes)
		}
	}
	return list
}

// add adds what there is of size bytes of a text from an offset on, in whole characters.
func (j *joint) add(text int, from, size int64) {
	data := j.texts[text].Data
	from, to := max(from, 0), min(from+size, int64(len(data)))
	for from < to && !utf8.RuneStart(data[from]) {
		from++
	}
	for to > from && to < int64(len(data)) && !utf8.RuneStart(data[to]) {
		to--
	}
	at := j.size()
	if len(j.pieces) > 0 && j.texts[text].Blank {
		at++
	}
	j.pieces = append(j.pieces, piece{text, from, at, to - from})
}

func (j *joint) size() int64 {
	if len(j.pieces) == 0 {
		return 0
	}
	return j.pieces[len(j.pieces)-1].end()
}

func (j *joint) data(p *piece) []byte { return j.texts[p.text].Data[p.from : p.from+p.size] }

// ReadAt implements io.ReaderAt.
func (j *joint) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 || off >= j.size() {
		return 0, io.EOF
	}
	for i := j.index(off); i < len(j.pieces) && n < len(b); i++ {
		p := &j.pieces[i]
		if off+int64(n) < p.at {
			b[n] = ' '
			n++
		}
		n += copy(b[n:], j.data(p)[off+int64(n)-p.at:])
	}
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}

// index returns the piece that holds an offset, of a blank the one behind it.
func (j *joint) index(off int64) int {
	i, _ := slices.BinarySearchFunc(j.pieces, off, func(p piece, off int64) int {
		if p.end() <= off {
			return -1
		}
		return 1
	})
	return i
}

// cuts returns what a stretch of the joint is in the texts.
func (j *joint) cuts(start, end int64) []extract.Cut {
	var list []extract.Cut
	for i := j.index(start); i < len(j.pieces) && j.pieces[i].at < end; i++ {
		p := &j.pieces[i]
		from, to := p.from+max(start, p.at)-p.at, p.from+min(end, p.end())-p.at
		list = append(list, extract.Cut{Text: p.text, Start: int(from), End: int(to)})
	}
	return list
}
