package scan

import "unicode/utf8"

// The letters ſ (U+017F) and K (U+212A) equal s and k under case folding, so (?i)password
// matches "paſſword". Rather than a sequence for each way of writing a word, the few
// batches of text that hold such a letter are searched in a copy with s and k in its place.

const (
	foldedMost = onwardReach         // bytes behind a batch that count: window letters can be of 3 each
	foldedSize = batch*block + block // of the copy, with what follows the batch
)

// foldedCopy is a stretch of text with ſ and K replaced; at[i] is where text[i] stands in
// the original.
type foldedCopy struct {
	text   [foldedSize]byte
	at     [foldedSize]uint16
	bounds [foldedSize / block]uint64 // where \b holds in the original
	any    bool                       // something was replaced
}

// fill copies b[off:end] and the bytes that follow it which places there look at, and returns how many bytes of
// the copy stand for b[off:end].
func (f *foldedCopy) fill(b []byte, off, end int) int {
	clear(f.bounds[:])
	before, bounds := uint64(0), uint64(0)
	if off > 0 {
		before = wordBit[b[off-1]]
	}
	n, own := 0, 0
	f.any = false
	for i := off; n < own+window+farPlaces || i < end; n++ {
		c, w, word := byte(0), 1, uint64(0)
		if i < len(b) {
			c = b[i]
			if word = wordBit[c]; c >= utf8.RuneSelf {
				w, c = foldAt(b, i)
				f.any = f.any || w > 1
			}
		}
		f.text[n], f.at[n] = c, uint16(i-off)
		bounds |= (before ^ word) << (n % block)
		before = word
		if n%block == block-1 {
			f.bounds[n/block], bounds = bounds, 0
		}
		if i < end {
			own = n + 1
		}
		i += w
	}
	f.bounds[n/block] |= bounds
	clear(f.text[n:])
	return own
}

// wordBit has 1 for word characters.
var wordBit = func() (of [256]uint64) {
	for b := range of {
		if isWord(byte(b)) {
			of[b] = 1
		}
	}
	return of
}()

// foldAt returns the byte that stands for what is at b[i], and its width there.
func foldAt(b []byte, i int) (int, byte) {
	switch c := b[i]; {
	case c == 0xc5 && i+1 < len(b) && b[i+1] == 0xbf:
		return 2, 's'
	case c == 0xe2 && i+2 < len(b) && b[i+1] == 0x84 && b[i+2] == 0xaa:
		return 3, 'k'
	default:
		return 1, c
	}
}

// needsFolding reports whether ſ or K stands in b[off:end] or where a sequence that begins
// there can reach. found has the kernel's doubts about b[off:end].
func needsFolding(b []byte, off, end int, found []masks) bool {
	doubts := uint64(0)
	for k := range found {
		doubts |= found[k].folds
	}
	for k := 0; doubts != 0 && k < len(found); k++ {
		for m := found[k].folds; m != 0; m &= m - 1 {
			if i := off + k*block + trailing(m); i < len(b) {
				if w, _ := foldAt(b, i); w > 1 {
					return true
				}
			}
		}
	}
	for i := end; i < min(len(b), end+foldedMost); i++ {
		if b[i] == 0xc5 || b[i] == 0xe2 {
			if w, _ := foldAt(b, i); w > 1 {
				return true
			}
		}
	}
	return false
}
