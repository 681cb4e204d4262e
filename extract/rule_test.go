package extract_test

import (
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

func TestCompileRuleRefuses(t *testing.T) {
	cases := map[string]struct {
		spec extract.RuleSpec
		want string
	}{
		"an activity that is none":     {extract.RuleSpec{Activity: "chat"}, `activity: "chat" is none of prompt, upload, session, other`},
		"a carrier that is none":       {extract.RuleSpec{Carrier: "xml"}, `carrier: "xml" is none of json, form, multipart, raw, query, connect, protobuf, none`},
		"a step with a strange prefix": {extract.RuleSpec{Text: "field:x"}, `text: step 1 of "field:x": "field": unknown prefix (want json, form, part, query or pb)`},
		"a form within JSON":           {extract.RuleSpec{Text: "json:a > form:b"}, `text: step 2 of "json:a > form:b": " form:b" can only come first`},
		"an alternative that is empty": {extract.RuleSpec{Role: "a | "}, `role: an alternative around | is empty in "a | "`},
		"a step that is empty":         {extract.RuleSpec{System: "a > "}, `system: step 2 of "a >": nothing stands here`},
		"a path that is not closed":    {extract.RuleSpec{Files: "a[0"}, `files: step 1 of "a[0": path "a[0": want ] after [0`},
		"a field without its name":     {extract.RuleSpec{Noise: "part:"}, `noise: step 1 of "part:": "part:": the name of the field is missing`},
		"two mistakes":                 {extract.RuleSpec{Activity: "x", Text: "a..b"}, "activity: \"x\" is none of prompt, upload, session, other\ntext: step 1 of \"a..b\": path \"a..b\": a name is missing before \".b\""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := extract.CompileRule(c.spec); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestCatalogueCompiles compiles every rule that is shipped.
func TestCatalogueCompiles(t *testing.T) {
	n := 0
	for _, e := range catalogue(t).Endpoints() {
		n++
		if _, err := extract.CompileRule(extract.RuleSpec{
			Activity: e.Activity, Carrier: e.Carrier, Text: e.Text, Role: e.Role, System: e.System, Context: e.Context, Files: e.Files, Noise: e.Noise,
		}); err != nil {
			t.Errorf("%s: %v", e.Source, err)
		}
	}
	if n < 50 {
		t.Errorf("%d endpoints, want 50", n)
	}
}

// TestGenericRule reads requests that no rule is known for.
func TestGenericRule(t *testing.T) {
	cases := map[string]struct {
		ctype, body string
		want        []string // role path=text
	}{
		"what people write is the user's": {
			"application/json", `{"id":"8a","prompt":"hello you","model":"m-1","n":3}`, []string{"user prompt=hello you"},
		},
		"a conversation has turns": {
			"application/json", `{"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"old"},{"role":"assistant","content":"answer"},{"role":"user","content":[{"type":"text","text":"new"}]}]}`,
			[]string{"system messages[0].content=be kind", "context messages[1].content=old", "context messages[2].content=answer", "user messages[3].content[0].text=new"},
		},
		"a role after the content counts": {
			"application/json", `{"messages":[{"content":"be kind","role":"developer"},{"content":"hi","role":"USER"}]}`,
			[]string{"system messages[0].content=be kind", "user messages[1].content=hi"},
		},
		"an answer begun for the model is not the user's": {
			"application/json", `{"messages":[{"role":"user","content":"go"},{"role":"assistant","content":"{"}]}`,
			[]string{"user messages[0].content=go", "context messages[1].content={"},
		},
		"ids, tokens and schemas are no text": {
			"application/json", `{"content":"00000002-4f3a-4c1e-9b7d-000000053225","session_token":"c29tZSBsb25nIHdvcmRz","tools":[{"function":{"description":"words of a vendor","parameters":{"text":"more words"}}}],"signature":"dHdvIHdvcmRz"}`, nil,
		},
		"a sentence is text under whatever name but in a schema": {
			"application/json", `{"prompt":"go","user":"my card is this","tools":[{"description":"words of a vendor","name":"words of a vendor"}]}`,
			[]string{"user prompt=go", "context user=my card is this"},
		},
		"hex digits alone are text where people write, and an id elsewhere": {
			"application/json", `{"prompt":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","whatever":"ffffeeee1b2c3d4e5f60718293a4b5c6"}`,
			[]string{"user prompt=0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
		},
		"a pasted key is text in a form, too": {
			"application/x-www-form-urlencoded", "q=0a1b2c3d4e5f60718293a4b5c6d7e8f9&ref=ffffeeee1b2c3d4e5f60718293a4b5c6",
			[]string{"user form q=0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
		},
		"what reads like prose is context": {
			"application/json", `{"whatever":"there are words in here","locale":"en us"}`, []string{"context whatever=there are words in here"},
		},
		"history and suffix are context": {
			"application/json", `{"history":["one","two"],"input":{"prompt":"now"},"suffix":"end"}`,
			[]string{"context history[0]=one", "context history[1]=two", "user input.prompt=now", "context suffix=end"},
		},
		"JSON in a string": {
			"application/json", `{"payload":"{\"text\":\"inner \\u00fc\"}"}`, []string{"user payload > text=inner ü"},
		},
		"a form": {
			"application/x-www-form-urlencoded", "at=AK%3A1&q=two+words&lsd=AVq1", []string{"user form q=two words"},
		},
		"JSON that says it is a form": {
			"application/x-www-form-urlencoded", `{"prompt":"hello"}`, []string{"user prompt=hello"},
		},
		"escaped names": {
			"application/json", `{"prom\u0070t":"hello"}`, []string{"user prompt=hello"},
		},
		"JSON that broke off": {
			"application/json", `{"prompt":"hello","content":"and the re`, []string{"user prompt=hello", "user content=and the re"},
		},
		"what follows JSON": {
			"application/json", `{"prompt":"hello"} and then some words`, []string{"user prompt=hello", "context body=and then some words"},
		},
		"plain text": {"text/plain", "just words", []string{"user body=just words"}},
		"prose in brackets is no JSON": {
			"text/plain", "[Note] call me back", []string{"user body=[Note] call me back"},
		},
	}
	x := extract.New(extract.Options{})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := x.Extract(t.Context(), extract.Input{Method: "POST", Header: headers("Content-Type", c.ctype), Body: memory{strings.NewReader(c.body)}})
			var got []string
			for _, text := range d.Texts {
				got = append(got, string(text.Role)+" "+text.Path+"="+strings.TrimSpace(string(text.Data)))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestDrift(t *testing.T) {
	cases := map[string]struct {
		spec  extract.RuleSpec
		body  string
		drift bool
		user  int
	}{
		"the text is where the rule says":           {extract.RuleSpec{Activity: "prompt", Text: "prompt"}, `{"prompt":"hello"}`, false, 1},
		"the text has moved, and is found still":    {extract.RuleSpec{Activity: "prompt", Text: "prompt"}, `{"query":"hello"}`, true, 1},
		"an empty prompt":                           {extract.RuleSpec{Activity: "prompt", Text: "prompt"}, `{"prompt":" "}`, true, 0},
		"only a picture was sent":                   {extract.RuleSpec{Activity: "prompt", Text: "prompt"}, `{"image":"data:image/png;base64,iVBORw0KGgo="}`, false, 0},
		"an endpoint that carries no prompts":       {extract.RuleSpec{Activity: "other", Text: "prompt"}, `{"x":1}`, false, 0},
		"a form whose field has gone":               {extract.RuleSpec{Activity: "prompt", Text: "form:f.req > json:[0]"}, `f.new=%5B%22hello%22%5D`, true, 0},
		"plain words where JSON was":                {extract.RuleSpec{Activity: "prompt", Text: "prompt"}, "just words", true, 1},
		"a broken body is a gap, not another shape": {extract.RuleSpec{Activity: "prompt", Text: "prompt"}, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff", false, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := extract.CompileRule(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			d := extract.New(extract.Options{}).Extract(t.Context(), extract.Input{Method: "POST", Body: memory{strings.NewReader(c.body)}, Rule: r})
			user := 0
			for _, text := range d.Texts {
				if text.Role == extract.User {
					user++
				}
			}
			if d.Drift != c.drift || user != c.user {
				t.Errorf("drift %v with %d user texts, want %v with %d (%v)", d.Drift, user, c.drift, c.user, d.Texts)
			}
		})
	}
}

// TestOCR reads a picture with a program that stands in for tesseract.
func TestOCR(t *testing.T) {
	bin := t.TempDir()
	writeProgram(t, bin+"/tesseract", "#!/bin/sh\ncat >/dev/null\necho words in the picture\n")
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	png := readDocument(t, "comment.png")
	for ocr, want := range map[bool]extract.Outcome{true: extract.Complete, false: extract.Unsupported} {
		d := extract.New(extract.Options{OCR: ocr}).ExtractFile(t.Context(), "a.png", png)
		read := strings.Contains(d.Texts[len(d.Texts)-1].Text, "words in the picture")
		if d.Outcome != want || read != ocr {
			t.Errorf("with OCR %v the outcome is %s, read %v", ocr, d.Outcome, read)
		}
	}
}
