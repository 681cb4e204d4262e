package document

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitHead(t *testing.T) {
	type fields = map[string][]string
	cases := map[string]struct {
		in   string
		want fields
		body string
	}{
		"fields":                        {"a: 1\r\nB-c:2\r\n\r\nx\r\n", fields{"A": {"1"}, "B-C": {"2"}}, "x\r\n"},
		"one that is given twice":       {"a: 1\na: 2\n\n", fields{"A": {"1", "2"}}, ""},
		"one that is folded":            {"a: 1\r\n\t2 \r\n 3\r\n\r\nx", fields{"A": {"1 2 3"}}, "x"},
		"a line that is no field":       {"a: 1\nwords\nb: 2\n\nx", fields{"A": {"1"}, "": {"words"}, "B": {"2"}}, "x"},
		"no body":                       {"a: 1", fields{"A": {"1"}}, ""},
		"no header":                     {"\r\nx", fields{}, "x"},
		"nothing":                       {"", fields{}, ""},
		"a blank before the first line": {" a: 1\n\nx", fields{"A": {"1"}}, "x"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			data := []byte(c.in)
			h, body := splitHead(data)
			if diff := cmp.Diff(c.want, fields(h)); diff != "" || string(body) != c.body {
				t.Errorf("body %q, want %q; header (-want +got):\n%s", body, c.body, diff)
			}
			if string(data) != c.in {
				t.Error("the message was changed")
			}
		})
	}
}
