package disguise

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Signs says what a text may have to decode.
type Signs struct {
	Characters bool // Mend will find something
	Blobs      bool // Decode has something to try
}

// Look tells what is worth trying on a text. It reads the text twice in words of eight bytes
// and searches it for a few rare characters.
func Look(text []byte) Signs {
	budget := 2*len(text) + 1 // of bytes decoded to find out
	b := nextBlob(text, 0, decodeBlock, false, &budget)
	return Signs{
		Characters: lookASCII(text) || lookUnusual(text),
		Blobs:      b != nil || budget <= 0, // of more, or without budget, Decode has to find out
	}
}

// lookASCII looks for the disguises that begin with a sign in ASCII.
func lookASCII(text []byte) bool {
	t := traits{}
	for _, c := range []byte{'%', '&', '\\', '<', '*'} {
		for i := 0; i < len(text); {
			n := bytes.IndexByte(text[i:], c)
			if n < 0 {
				break
			}
			i += n
			r, size, ok := t.at(text, i)
			if ok && !r.weak {
				return true
			}
			if ok { // as Mend goes on: a long run of tags is read once, not again from each of them
				i = int(r.end)
				continue
			}
			i += size
		}
	}
	return isQuotedPrintable(text) || joined(text)
}

// joined looks for strings that a program joins.
func joined(text []byte) bool {
	t, listed := traits{}, false
	for _, quote := range []byte{'"', '\'', '`'} {
		for i := 0; ; i++ {
			n := bytes.IndexByte(text[i:], quote)
			if n < 0 {
				break
			}
			if i += n; i+1 >= len(text) || !joins[text[i+1]] {
				continue
			}
			if text[i+1] == ',' && !listed {
				t.lists, listed = joinsLists(text), true
			}
			if t.split(text, i) > 0 {
				return true
			}
		}
	}
	return false
}

// joins are the characters that follow a string which goes on.
var joins = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, '+': true, '.': true, '&': true, '|': true, '\\': true, ',': true}

// joinsLists reports whether something in the text joins lists of strings.
func joinsLists(text []byte) bool {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], '(')
		if n < 0 {
			return false
		}
		i += n
		for _, name := range [...]string{"join", "implode", "concat"} {
			if i >= len(name) && string(text[i-len(name):i]) == name {
				return true
			}
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// sparse returns a set high bit for bytes below limit; right for the lowest such byte and
// enough to tell whether there is one.
func sparse(x uint64, limit byte) uint64 { return (x - ones*uint64(limit)) &^ x & highs }

// lookUnusual looks for unusual characters.
func lookUnusual(text []byte) bool {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		if binary.LittleEndian.Uint64(text[i:])&highs != 0 && unusualIn(text, i, i+8) {
			return true
		}
	}
	return unusualIn(text, i, len(text))
}

// leads are the first bytes of characters that unusual may know.
var leads = [256]bool{
	0xc2: true, 0xcc: true, 0xcd: true, 0xce: true, 0xcf: true, 0xd0: true, 0xd1: true, 0xd8: true, 0xd9: true, 0xdb: true, 0xdf: true, 0xe0: true, 0xe1: true, 0xe2: true, 0xe3: true,
	0xea: true, 0xef: true, 0xf0: true, 0xf3: true,
}

// mayBeUnusual tells by its first bytes whether the character at i may be one that unusual
// knows. It is quick about the letters and marks of ordinary texts.
func mayBeUnusual(text []byte, i int) bool {
	if !leads[text[i]] || i+1 >= len(text) {
		return false
	}
	next := text[i+1]
	switch text[i] {
	case 0xce, 0xcf, 0xd0, 0xd1: // Greek and Cyrillic
		return besideLatin(text, i) && lookAlike(text, i) != 0
	case 0xd8:
		return next == 0x9c
	case 0xd9, 0xdb:
		return next >= 0xa0 && next <= 0xb9
	case 0xe2: // but for quotes, dots, bullets
		return i+2 >= len(text) || next != 0x80 || text[i+2] < 0x96 || text[i+2] >= 0xa8
	case 0xe3: // but for kana
		return next < 0x81 || next == 0x85
	}
	return next&0xc0 == 0x80
}

// unusualIn reports whether an unusual character begins in text[from:to].
func unusualIn(text []byte, from, to int) bool {
	for i := from; i < to; i++ {
		if !mayBeUnusual(text, i) {
			continue
		}
		var r rewrite
		ch, size := utf8.DecodeRune(text[i:])
		if unusual(text, i, size, ch, &r) && !r.weak {
			return true
		}
	}
	return false
}
