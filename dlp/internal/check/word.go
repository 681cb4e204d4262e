package check

// commonPairs are the letter pairs that make up four fifths of English text. Values that
// were drawn at random hit them one time in five.
var commonPairs = pairSet("thheinererannoonatndsteshaenedtoithaouoftareisisngstorealnttiasteetvedeseveromaril" +
	"icraselicoceltlanelimedidiioeeliochlltayouusomecallurutwilopeploagakeouldeisowtrpacharmiacteeneseprwaemaseweisu" +
	"ssppmoouirniiciesctlyivntpofiotuliavckkebebyboblfadidggegrpatsthvipomploldgooghtnchotcrowtssmeumunurupusteut" +
	"keyrdatvaluaconfiguserserviccliproddefaultestaccesstokensecretassworpimainlocatdbpublicunavailable")

func pairSet(pairs string) (set [26][26]bool) {
	for i := 0; i+1 < len(pairs); i++ {
		set[pairs[i]-'a'][pairs[i+1]-'a'] = true
	}
	return set
}

// wordlike reports a value made of words: most pairs of neighbouring letters are common
// ones. Too few letters say nothing.
func wordlike(s string) bool {
	pairs, common := 0, 0
	last := byte(0)
	for i := range len(s) {
		c := s[i] | 0x20
		if c < 'a' || c > 'z' {
			last = 0
			continue
		}
		if last != 0 {
			pairs++
			if commonPairs[last-'a'][c-'a'] {
				common++
			}
		}
		last = c
	}
	// The share that one random value in a few thousand reaches.
	switch {
	case pairs >= 16:
		return common*10 >= pairs*6
	case pairs >= 10:
		return common*10 >= pairs*7
	}
	return pairs >= 8 && common*10 >= pairs*8
}
