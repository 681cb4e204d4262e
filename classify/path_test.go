package classify

import (
	"regexp"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	cases := map[string]struct {
		template string
		match    []string
		not      []string
	}{
		"a plain path":             {"/api/chat", []string{"/api/chat", "/api/chat/", "/api/ch%61t"}, []string{"/api/chat2", "/api", "/api/chat/x", "/API/chat", "", "/api%2Fchat"}},
		"the root":                 {"/", []string{"/"}, []string{"", "/x"}},
		"a segment":                {"/a/{id}/b", []string{"/a/1/b", "/a/x%2Fy/b"}, []string{"/a//b", "/a/1/2/b", "/a/b"}},
		"a part of a segment":      {"/v1/models/{m}:generate", []string{"/v1/models/x:generate", "/v1/models/x%3Agenerate"}, []string{"/v1/models/:generate", "/v1/models/a/b:generate"}},
		"any part of a segment":    {"/v1*/x", []string{"/v1/x", "/v1beta/x"}, []string{"/v1/a/x", "/v2/x"}},
		"the rest":                 {"/ws/**", []string{"/ws/", "/ws/a/b"}, []string{"/w", "/wsx"}},
		"any beginning":            {"**/chat/completions", []string{"/chat/completions", "/openai/v1/chat/completions", "/a%2Fb/chat%2fcompletions/chat/completions", "/a/chat/completions/"}, []string{"/chat/completions/x", "/xchat/completions"}},
		"a segment after any":      {"**/uploads/{id}/parts", []string{"/v1/uploads/u/parts", "/uploads/uploads/u/parts"}, []string{"/v1/uploads/parts", "/v1/uploads/a/b/parts"}},
		"one ending after another": {"**:generateContent", []string{"/v1/models/m:generateContent", "/x:generateContent:generateContent"}, []string{"/v1/models/m:generate"}},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			tm, err := parseTemplate(k.template)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range k.match {
				if !tm.match(p) {
					t.Errorf("%q does not match %q", k.template, p)
				}
			}
			for _, p := range k.not {
				if tm.match(p) {
					t.Errorf("%q matches %q", k.template, p)
				}
			}
			if tm.match("/" + strings.Repeat("x", maxPath)) {
				t.Error("matches a path beyond the bound")
			}
		})
	}
}

// Templates mean what the regular expression of the same sense means, where no byte is
// escaped.
func FuzzTemplate(f *testing.F) {
	f.Add("/a/{id}/*b", "/a/1/xb")
	f.Add("**/c*/{x}", "/a/b/cc/d")
	f.Fuzz(func(t *testing.T, tmpl, path string) {
		tm, err := parseTemplate(tmpl)
		if err != nil || len(path) > 200 || len(tmpl) > 100 || strings.Contains(path, "%") || strings.Contains(tmpl, "%") {
			return
		}
		var re strings.Builder
		re.WriteString(`(?s)^`)
		for _, tok := range tm {
			re.WriteString(map[pathKind]string{literal: regexp.QuoteMeta(tok.text), some: `[^/]+`, star: `[^/]*`, rest: `.*`}[tok.kind])
		}
		re.WriteString(`$`)
		x, err := regexp.Compile(re.String())
		if err != nil {
			return
		}
		want := x.MatchString(path) || len(path) > 1 && strings.HasSuffix(path, "/") && x.MatchString(path[:len(path)-1])
		if isValid(path) && isValid(tmpl) && tm.match(path) != want {
			t.Errorf("%q on %q: %v, want %v", tmpl, path, !want, want)
		}
	})
}

// isValid keeps to ASCII: regular expressions count runes, paths are bytes.
func isValid(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func TestHostPattern(t *testing.T) {
	cases := map[string]struct {
		pattern string
		suffix  bool
		match   []string
		not     []string
	}{
		"exact":                {"a.example", false, []string{"a.example"}, []string{"x.a.example", "ba.example", "example"}},
		"suffix":               {"a.example", true, []string{"a.example", "x.a.example", "y.x.a.example"}, []string{"ba.example", ".a.example"}},
		"names below":          {"*.a.example", false, []string{"x.a.example", "y.x.a.example"}, []string{"a.example", "ba.example"}},
		"a label":              {"b.*.a.example", false, []string{"b.eu-1.a.example"}, []string{"b.x.y.a.example", "b.a.example", "c.b.eu.a.example"}},
		"a part of a label":    {"up*.a.example", false, []string{"up.a.example", "upload7.a.example"}, []string{"u.a.example", "up.x.a.example"}},
		"the end of a label":   {"*-ai.a.example", false, []string{"eu-ai.a.example", "-ai.a.example", "x-ai-ai.a.example"}, []string{"ai.a.example", "x-ai.b.a.example"}},
		"two in a label":       {"a*b*c.example", false, []string{"abc.example", "axbxc.example", "abbcc.example"}, []string{"acb.example", "ab.c.example"}},
		"a wildcard as suffix": {"b.*.example", true, []string{"b.x.example", "c.b.x.example"}, []string{"b.x.y.example"}},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := parseHost(k.pattern, k.suffix)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range k.match {
				if !p.match([]byte(h)) {
					t.Errorf("%q does not match %q", k.pattern, h)
				}
			}
			for _, h := range k.not {
				if p.match([]byte(h)) {
					t.Errorf("%q matches %q", k.pattern, h)
				}
			}
		})
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	c := builtin(t)
	for name, r := range benchRequests {
		if n := testing.AllocsPerRun(100, func() { c.Lookup(r); c.Candidate(r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
