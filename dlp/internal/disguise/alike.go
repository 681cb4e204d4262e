package disguise

// Letters of other scripts that look like Latin ones, and tags, which nobody sees but models read.

// alike has the Latin letter for the Greek and Cyrillic ones that look the same, by the lower
// two bits of their first byte and the lower six of their second.
var alike = func() (a [4][64]byte) {
	latin := []byte("ABEZHIKMNOPTYXvoABEKMHOPCTXYISJaeopcyxisjhd")
	for i, r := range []rune("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧνοАВЕКМНОРСТХУІЅЈаеорсухіѕјһԁ") {
		if s := string(r); foreign(s[0]) {
			a[s[0]&3][s[1]&0x3f] = latin[i]
		}
	}
	return a
}()

// foreign reports first bytes of Greek and Cyrillic letters, which have two.
func foreign(c byte) bool { return c >= 0xce && c <= 0xd1 }

// lookAlike returns the Latin letter that the foreign one at i looks like, or 0.
func lookAlike(text []byte, i int) byte {
	if i+1 >= len(text) || text[i+1]&0xc0 != 0x80 {
		return 0
	}
	return alike[text[i]&3][text[i+1]&0x3f]
}

func latin(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// besideLatin reports that a Latin letter stands next to the foreign one at i, or behind a few
// digits.
func besideLatin(text []byte, i int) bool {
	const digits = 8
	before, behind := i-1, i+2
	for before > i-digits && before >= 0 && text[before]-'0' < 10 {
		before--
	}
	for behind < i+digits && behind < len(text) && text[behind]-'0' < 10 {
		behind++
	}
	return before >= 0 && latin(text[before]) || behind < len(text) && latin(text[behind])
}

// farthest is how far from a letter the Latin ones of its word are looked for.
const farthest = 64

// nativeWord returns where the word around the foreign letter at i ends when none of its
// letters is Latin, else i.
func nativeWord(text []byte, i int) int {
	end := i
	for ; end < min(len(text), i+farthest) && wordish(text[end]); end++ {
		if latin(text[end]) {
			return i
		}
	}
	for j := i - 1; j >= max(0, i-farthest) && wordish(text[j]); j-- {
		if latin(text[j]) {
			return i
		}
	}
	return end
}

// wordish reports bytes of words in Latin, Greek and Cyrillic letters, and what joins the groups
// of a long key.
func wordish(c byte) bool {
	return foreign(c) || c >= 0x80 && c < 0xc0 || wordByte(c) || c == '-' || c == '_' || c == ':'
}

// isTag reports the tags that stand for printable characters of ASCII.
func isTag(c rune) bool { return c >= 0xe0020 && c <= 0xe007e }

// leastTags is how many tags in a row say something: a flag has six, and fewer only come between
// the characters of something else.
const leastTags = 8

// inTagRun reports that the tag at i, four bytes as all are, is one of many in a row.
func inTagRun(text []byte, i int) bool {
	n, tag := 1, func(at int) bool {
		return at >= 0 && at+4 <= len(text) && text[at] == 0xf3 && text[at+1] == 0xa0 && (text[at+2] == 0x80 || text[at+2] == 0x81)
	}
	for at := i - 4; n < leastTags && tag(at); at -= 4 {
		n++
	}
	for at := i + 4; n < leastTags && tag(at); at += 4 {
		n++
	}
	return n == leastTags
}
