package scan

import (
	"fmt"
	"testing"
)

func TestOnwardLooksBesideTheAnchor(t *testing.T) {
	cases := map[string]struct {
		expr, text string
		fits       []bool // at each place where the anchor holds
	}{
		"a byte behind the anchor":                  {`\b[a-z]{6}\d{2}[a-z]{6}\d{3}\b`, "abcdef12xxxxxx345 abcdef12xxxxxx34x", []bool{true, false}},
		"the end of a word":                         {`\b\d{18}\b`, "123456789012345678, 1234567890123456789, 123456789012345678", []bool{true, false, true}},
		"a byte before an anchor at one distance":   {`[0-9a-f]{20}==`, "0123456789abcdef0123== zz23456789ab0123==", []bool{true, false}},
		"nothing behind the end of what can end":    {`\b\d{4}-\d{4}-\d{4}-\d{4}-\d{1,9}`, "1234-5678-1234-5678-1, 1234-5678-1234-5678-12x", []bool{true, false, false, true, false, false}},
		"runes of several bytes have any number":    {`\btoken-1[äé]{1,2}-\d{6}`, "token-1äé-123456 token-1é-123456", []bool{true, true}},
		"the text ends before what is asked for":    {`\bsk-live-[a-z]{12}`, "sk-live-abc", []bool{false}},
		"letters that fold to others outside ASCII": {`(?i)\bpasskey-\d{9}`, "PASSKEY-123456789 passkey-12345678x", []bool{true, false}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			db, err := Compile([]Pattern{{Expr: c.expr}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			a := db.anchors[0]
			o := db.newOnward(0)
			var got []bool
			for i := range c.text {
				if a.sequences[0].fits(c.text[i:]) && (!a.wordStart || boundary([]byte(c.text), i)) {
					got = append(got, o.fits([]byte(c.text), i))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.fits) {
				t.Errorf("fits: %v, want %v; anchor %s, tests %v", got, c.fits, db.Explain(0), o.tests)
			}
		})
	}
}

// fits reports whether text begins with what q says.
func (q *sequence) fits(text string) bool {
	for j := range q.n {
		c := byte(0)
		if j < len(text) {
			c = text[j]
		}
		if !q.class[j].has(c) {
			return false
		}
	}
	return true
}
