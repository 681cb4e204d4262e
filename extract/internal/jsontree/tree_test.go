package jsontree

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		in    string
		ok    bool
		nodes int
	}{
		"an object with nested values":             {`{"a":[1,"x",{"b":null}]}`, true, 6},
		"two values a line each":                   {"{\"a\":1}\n{\"a\":2}\n", true, 4},
		"a guard before the value":                 {")]}'\n\n[\"x\"]", true, 2},
		"a string cut off is kept":                 {`{"a":"begin`, false, 2},
		"an object that is not closed":             {`{"a":"b"`, false, 2},
		"brackets of two kinds":                    {`{"a":["b"}`, false, 3},
		"prose is not JSON":                        {`[Note] call me`, false, 1},
		"nothing":                                  {`  `, false, 0},
		"a trailing comma passes":                  {`["a",]`, true, 2},
		"a raw line end inside a string passes":    {"[\"a\nb\"]", true, 2},
		"only the first numbers of a vector count": {"[" + strings.Repeat("1,", 999) + "1]", true, 1 + maxSimple},
		"nesting beyond any stack":                 {strings.Repeat("[", 5000) + strings.Repeat("]", 5000), true, 5000},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var tree Tree
			tree.Parse([]byte(c.in), 10000)
			if tree.OK != c.ok || len(tree.Nodes) != c.nodes {
				t.Errorf("ok %v with %d nodes, want %v with %d", tree.OK, len(tree.Nodes), c.ok, c.nodes)
			}
		})
	}
}

func TestFind(t *testing.T) {
	const doc = `{"messages":[{"role":"user","content":{"parts":["a","b"]}},{"role":"x","content":{"parts":["c"]}}],"0":{"json":"d"}}`
	cases := map[string]struct{ path, want string }{
		"every element":     {"messages[*].content.parts[*]", "messages[0].content.parts[0]=a messages[0].content.parts[1]=b messages[1].content.parts[0]=c"},
		"one element":       {"messages[1].role", "messages[1].role=x"},
		"a quoted name":     {`["0"].json`, `["0"].json=d`},
		"any member":        {"messages[0].*.parts[1]", "messages[0].content.parts[1]=b"},
		"at any depth":      {"**.parts[0]", "messages[0].content.parts[0]=a messages[1].content.parts[0]=c"},
		"nothing is there":  {"messages[7].role", ""},
		"a name on a list":  {"messages.role", ""},
		"an index on a map": {"[0]", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var tree Tree
			tree.Parse([]byte(doc), 100)
			p, err := ParsePath(c.path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			tree.Find(p, -1, func(i, _ int) {
				got = append(got, string(tree.AppendPath(nil, i))+"="+string(tree.Str(i)))
			})
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %s, want %s", s, c.want)
			}
		})
	}
}

func TestParsePathRefuses(t *testing.T) {
	cases := map[string]string{
		"a[":      `path "a[": want ] after [`,
		"a[-1]":   `path "a[-1]": [-1] is neither an index, [*] nor a quoted name`,
		"a..b":    `path "a..b": a name is missing before ".b"`,
		"a b":     `path "a b": "a b" is not a name; write ["…"] for unusual ones`,
		"**.a.**": `path "**.a.**": more than one **`,
	}
	for in, want := range cases {
		if _, err := ParsePath(in); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x\u00fc\ud83d\ude00",{"b":null}]}`, `[["\\"`, ")]}'\n[1]", `{"a":{}}{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tree Tree
		tree.Parse(data, 1000)
		if json.Valid(data) && !tree.OK && !tree.Full {
			t.Fatalf("refused what encoding/json takes: %q", data)
		}
		for i, n := range tree.Nodes {
			if n.Start < 0 || n.End < n.Start || n.End > len(data) || n.Skip <= i || n.Skip > len(tree.Nodes) || n.Parent >= i {
				t.Fatalf("node %d of %q is out of place: %+v", i, data, n)
			}
			var want string
			if tree.OK && n.Kind == String && json.Unmarshal(data[n.Start-1:n.End+1], &want) == nil && json.Valid(data[n.Start-1:n.End+1]) {
				if got := tree.Str(i); string(bytes.ToValidUTF8(got, []byte("\ufffd"))) != string(bytes.ToValidUTF8([]byte(want), []byte("\ufffd"))) &&
					bytes.Equal(bytes.ToValidUTF8(tree.Raw(i), nil), tree.Raw(i)) {
					t.Fatalf("%q reads as %q, want %q", tree.Raw(i), got, want)
				}
			}
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add([]byte("a\"b\\c\n\x01ü"))
	f.Fuzz(func(t *testing.T, s []byte) {
		raw := AppendEscaped(nil, s)
		if got := AppendUnescaped(nil, raw); !bytes.Equal(got, s) {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}
