package document

import (
	"bytes"
	"strings"
	"testing"
)

func TestUUFiles(t *testing.T) {
	const cat = "begin 644 cat.txt\n#0V%T\n`\nend\n" // as uuencode writes "Cat"
	cases := map[string]struct {
		text string
		want string // name=data, in order
	}{
		"a file":                        {cat, "cat.txt=Cat"},
		"behind a text, lines with CR":  {"hello\r\n" + strings.ReplaceAll(cat, "\n", "\r\n"), "cat.txt=Cat"},
		"two files":                     {cat + "and\n" + cat, "cat.txt=Cat cat.txt=Cat"},
		"blanks at the end are cut":     {"begin 644 a\n&86)C  \n", "a=abc\x00"},
		"without an end":                {"begin 644 a\n#0V%T", "a=Cat"},
		"within a line":                 {"to " + cat, ""},
		"begin of a sentence":           {"begin 644\nbegin the day well\nbegin 999 x\n#0V%T\n", ""},
		"a line that is too long":       {"begin 644 a\n#0V%T\n#0V%T0V%T0V%T\n", "a=Cat"},
		"a line of text ends the file":  {"begin 644 a\n#0V%T\nthe end of it\n", "a=Cat"},
		"a line with a check sum is ok": {"begin 644 a\n#0V%TX\n", "a=Cat"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			UUFiles([]byte(c.text), func(name string, data []byte) bool {
				got = append(got, name+"="+string(data))
				return true
			})
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzUU(f *testing.F) {
	f.Add([]byte("begin 644 cat.txt\n#0V%T\n`\nend\n"))
	f.Add([]byte("begin 644 a\n~\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before, total := bytes.Clone(data), 0
		UUFiles(data, func(_ string, file []byte) bool {
			total += len(file)
			return true
		})
		if total > len(data) {
			t.Errorf("%d bytes out of %d", total, len(data))
		}
		if !bytes.Equal(before, data) {
			t.Error("the text was changed")
		}
	})
}
