package document

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"regexp"
	"slices"
	"testing"
)

func TestQuotedPrintable(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"an escape":                                 {"a=20=e4=E4", "a \xe4\xe4"},
		"a soft line break":                         {"41=\r\n11=\n1", "41111"},
		"a soft line break with blanks":             {"41= \t\r\n11", "4111"},
		"a soft line break at the end":              {"41=", "41"},
		"a soft line break at the end, with blanks": {"41= ", "41"},
		"an = that escapes nothing":                 {"a=b =ZZ =4", "a=b =ZZ =4"},
		"a carriage return alone":                   {"a=\rb", "a=\rb"},
		"an escape of an escape is read once":       {"=3D41", "=41"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := QuotedPrintable(nil, []byte(c.in)); string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// FuzzQuotedPrintable holds the decoder to the standard library's where that one reads to the
// end, and asserts that it may write over what it reads.
func FuzzQuotedPrintable(f *testing.F) {
	for _, s := range []string{"", "a=20b=\r\nc", "= \n=3D=", "=4", "a =ZZ\r\n"} {
		f.Add([]byte(s))
	}
	blanks := regexp.MustCompile(`[ \t\r]+(\n|$)|=[ \t\r]*$`) // where the two differ, as QuotedPrintable says
	f.Fuzz(func(t *testing.T, data []byte) {
		got := QuotedPrintable(nil, data)
		want, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(data)))
		if err == nil && !blanks.Match(data) && !bytes.Equal(got, want) {
			t.Errorf("%q: got %q, the standard library %q", data, got, want)
		}
		if same := slices.Clone(data); !bytes.Equal(QuotedPrintable(same, same), got) {
			t.Errorf("%q: another result in place", data)
		}
	})
}
