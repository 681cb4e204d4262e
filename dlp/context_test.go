package dlp

import "testing"

// FuzzFold holds the quick way of folding ASCII to the one for all texts.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"cardNumber: NHSNumber w2", "  a--B1c 2D EFg HIj\n", "ID", "IDs", "xmlHTTPRequest"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !ascii([]byte(s)) {
			return
		}
		quick, full := foldASCII(nil, []byte(s)), foldRunes(nil, []byte(s))
		if string(quick) != string(full) {
			t.Errorf("%q is folded to %q, and to %q in the quick way", s, full, quick)
		}
	})
}

// FuzzBeginnings holds the look before folding to what is found after it.
func FuzzBeginnings(f *testing.F) {
	for word, text := range map[string]string{
		"ssn": "my SSN is", "number": "cardNumber=", "nhs": "NHSNumber", "w-2": "form W2 of", "*karte*": "Kreditkartennummer", "id": "userId",
		"n i": "nI", "tax*": "taxes", "na": "né à", "k": "\u212a", "401k": "401k plan", "ab c": "abC", "*x": "aX",
	} {
		f.Add(word, text)
	}
	f.Fuzz(func(t *testing.T, word, text string) {
		w := newHint(word)
		if w.folded == "" {
			return
		}
		h := &hints{words: []hint{w}}
		h.index()
		folded := fold(nil, []byte(text))
		if _, ok := h.find(folded, len(folded)); ok && !h.begins.in([]byte(text)) {
			t.Errorf("%q is found in %q, but not where it begins", word, text)
		}
	})
}

func TestContextTakesTheNearestOfItsWords(t *testing.T) {
	h := &hints{before: 40, after: 20, words: []hint{newHint("social security"), newHint("*nummer"), newHint("tax*"), newHint("機密"), newHint("id")}}
	h.index()
	cases := map[string]struct{ before, after, want string }{
		"in front":                        {"my ID is ", "", "id"},
		"behind":                          {"", " is my Tax-number", "tax"},
		"the nearest in front":            {"id or Social\n Security ", "", "social security"},
		"the nearest behind":              {"social security or so: ", " tax", "tax"},
		"the first in the list":           {"id ", " id tax", "id"},
		"no part of a word":               {"identity valid paid ", "", ""},
		"the end of a compound":           {"Steuernummer: ", "", "nummer"},
		"a word in camel case":            {"userId=", "", "id"},
		"a script without spaces":         {"これは機密です ", "", "機密"},
		"too far away":                    {"id ........................................ ", "", ""},
		"a word that the window cuts off": {"social security of the grandmother of a friend ", "", ""},
		"not over the value":              {"social ", " security", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var around surroundings
			around.forget()
			w, _ := h.near([]byte(c.before+"12345"+c.after), len(c.before), len(c.before)+5, &around)
			if w.word != c.want {
				t.Errorf("%q, want %q", w.word, c.want)
			}
		})
	}
}
