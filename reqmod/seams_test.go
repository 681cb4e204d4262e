package reqmod

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

const (
	anthropicURL = "https://api.anthropic.com/v1/messages"
	geminiURL    = "https://generativelanguage.googleapis.com/v1beta/models/gemini-pro:generateContent"
)

func asJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// blocks are the parts of a message as most formats have them.
func blocks(texts ...string) []any {
	var list []any
	for _, s := range texts {
		list = append(list, map[string]string{"type": "text", "text": s})
	}
	return list
}

func inParts(texts ...string) string {
	return asJSON(map[string]any{"messages": []any{map[string]any{"role": "user", "content": blocks(texts...)}}})
}

// TestAValueOverPartsOfAMessageIsFound has a card number in parts that a model reads as one.
func TestAValueOverPartsOfAMessageIsFound(t *testing.T) {
	w := newWorld(t, "", nil, Options{})
	long := strings.Repeat("plain words in a row\n", 1000)
	picture := map[string]any{"type": "image_url", "image_url": map[string]string{"url": "https://example.org/a.png"}}
	gemini := func(texts ...string) string {
		var parts []any
		for _, s := range texts {
			parts = append(parts, map[string]string{"text": s})
		}
		return asJSON(map[string]any{"contents": []any{map[string]any{"role": "user", "parts": parts}}})
	}
	first := []string{"messages[0].content[0].text"}
	cases := map[string]struct {
		url, body string
		parts     []string // where cards are found
	}{
		"OpenAI":                           {apiURL, inParts("my card 4111 1111 ", "1111 1111 thanks"), first},
		"Anthropic":                        {anthropicURL, inParts("my card 4111 1111 ", "1111 1111 thanks"), first},
		"Gemini":                           {geminiURL, gemini("my card 4111 1111 ", "1111 1111 thanks"), []string{"contents[0].parts[0].text"}},
		"ChatGPT":                          {gptURL, `{"action":"next","messages":[{"author":{"role":"user"},"content":{"content_type":"multimodal_text","parts":["my card 4111 1111 ","1111 1111"]}}]}`, []string{"messages[0].content.parts[0]"}},
		"a system prompt":                  {anthropicURL, asJSON(map[string]any{"system": blocks("the card is 4111 1111", " 1111 1111"), "messages": []any{map[string]any{"role": "user", "content": "hello"}}}), []string{"system[0].text"}},
		"in four parts":                    {apiURL, inParts("my card is ", "4111 ", "1111 1111 ", "1111"), []string{"messages[0].content[1].text"}},
		"a character a part":               {apiURL, inParts(strings.Split("my card is "+card, "")...), []string{"messages[0].content[11].text"}},
		"with a blank part before":         {apiURL, inParts("my card is", " ", card[:7], card[7:]), []string{"messages[0].content[2].text"}},
		"with an empty part between":       {apiURL, inParts("my card 4111 1111 ", "", "1111 1111"), first},
		"with a picture between":           {apiURL, asJSON(map[string]any{"messages": []any{map[string]any{"role": "user", "content": slices.Concat(blocks("my card 4111 1111 "), []any{picture}, blocks("1111 1111"))}}}), first},
		"between long parts":               {apiURL, inParts("x", long+"my card 4111 1111 ", "1111 1111 "+long+"card 4111 1111", " 1111 1111"), []string{"messages[0].content[1].text", "messages[0].content[2].text"}},
		"letters of more than a byte":      {apiURL, inParts(strings.Repeat("ж", 5000)+" card 4111 1111 ", "1111 1111 "+strings.Repeat("ж", 5000)), first},
		"whole in the first part":          {apiURL, inParts("my card "+card, " thanks"), first},
		"whole in each part":               {apiURL, inParts("my card "+card, " and card "+card), []string{"messages[0].content[0].text", "messages[0].content[1].text"}},
		"a list of strings is no message":  {apiURL, `{"messages":[{"role":"user","content":["my card 4111 1111 ","1111 1111"]}]}`, nil},
		"two messages are not read as one": {apiURL, `{"messages":[{"role":"user","content":"my card 4111 1111 "},{"role":"assistant","content":"1111 1111"}]}`, nil},
		"nor are the turns of two":         {apiURL, asJSON(map[string]any{"messages": []any{map[string]any{"role": "user", "content": blocks("my card 4111 1111 ")}, map[string]any{"role": "user", "content": blocks("1111 1111")}}}), nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			x := w.Explain(t.Context(), request("POST", c.url, c.body, "Content-Type: application/json"))
			var parts []string
			for _, f := range x.Findings {
				if f.Detector == "credit_card" {
					parts = append(parts, f.Part)
				}
			}
			if slices.Sort(parts); !slices.Equal(parts, c.parts) {
				t.Errorf("cards in %q, want %q", parts, c.parts)
			}
		})
	}
}

func TestAFindingOverPartsHasItsPlaceInTheFirst(t *testing.T) {
	w := newWorld(t, "", nil, Options{})
	long := strings.Repeat("plain words in a row\n", 1000)
	x := w.Explain(t.Context(), request("POST", apiURL, inParts(long+"my card 4111 1111 ", "1111 1111 thanks"), "Content-Type: application/json"))
	if len(x.Findings) != 1 || len(x.Texts) != 2 {
		t.Fatalf("%d findings in %d texts, want 1 in 2", len(x.Findings), len(x.Texts))
	}
	f := x.Findings[0]
	if at := int64(len(long) + len("my card ")); f.Start != at || f.End != at+int64(len(card)) || f.Line != 1001 || f.Column != 9 {
		t.Errorf("at %d to %d, line %d, column %d", f.Start, f.End, f.Line, f.Column)
	}
}

// TestWordsInThePartBesideSpeakForAValue has a number that is nothing by itself.
func TestWordsInThePartBesideSpeakForAValue(t *testing.T) {
	w := newWorld(t, "", nil, Options{})
	number := "515069" + "705"
	found := func(texts ...string) (n int) {
		x := w.Explain(t.Context(), request("POST", apiURL, inParts(texts...), "Content-Type: application/json"))
		for _, f := range x.Findings {
			if f.Detector == "us_ssn" && f.Part == fmt.Sprintf("messages[0].content[%d].text", len(texts)-1) && f.Start == 0 && f.Line == 1 && f.Column == 1 {
				n++
			}
		}
		return n
	}
	if n := found(number); n != 0 {
		t.Fatalf("%d findings of a bare number", n)
	}
	if n := found("My social security number:", number); n != 1 {
		t.Errorf("%d findings behind the words, want 1", n)
	}
	if n := found("My social security number:"+strings.Repeat(" and more of it", 20), number); n != 0 {
		t.Errorf("%d findings far from the words, want none", n)
	}
}

func TestAPartOfAValueGivesWayToTheWhole(t *testing.T) {
	w := newWorld(t, "", nil, Options{})
	// A key of GitHub is one with fewer characters, too.
	key := "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
	x := w.Explain(t.Context(), request("POST", apiURL, inParts("tel 030 1234567 and "+key[:20], key[20:]), "Content-Type: application/json"))
	for _, f := range x.Findings {
		if strings.Contains(f.Detector, "github") && f.End-f.Start == int64(len(key)) {
			continue
		}
		if f.Start >= 20 || f.Part != "messages[0].content[0].text" {
			t.Errorf("%s is found in a part of the key, too", f.Detector)
		}
	}
}

func TestAValueOverPartsIsRedactedInEach(t *testing.T) {
	const redact = "defaults: {in_review: {profiles: [default], on_match: redact}}"
	w := newWorld(t, redact, map[string]policy.Status{"openai-api": policy.InReview}, Options{})
	message := map[string]any{"role": "user", "content": blocks("my card 4111 1111 ", "1111 ", "1111 thanks")}
	again := asJSON(map[string]any{"messages": []any{message, map[string]any{"role": "assistant", "content": "noted"}, message}})
	c := &call{h: w.Handler, rules: w.rules.Load(), req: request("POST", apiURL, again, "Content-Type: application/json"), began: w.o.Now()}
	c.recognise(t.Context())
	c.inspect(t.Context())
	c.decide()
	want := strings.NewReplacer("4111 1111 ", "[credit_card]", `"1111 "`, `"[credit_card]"`, "1111 thanks", "[credit_card] thanks").Replace(again)
	if string(c.redacted) != want {
		t.Errorf("got %s, want %s", c.redacted, want)
	}
	if !strings.HasSuffix(c.decision.Reason, "values redacted: 2") {
		t.Errorf("reason %q", c.decision.Reason)
	}
}

func TestTheEventOfAValueOverPartsShowsNothingOfIt(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"openai-api": policy.Approved}, Options{})
	w.ServeICAP(t.Context(), request("POST", apiURL, inParts("my card 4111 11", "11 1111 1111 thanks"), "Content-Type: application/json"))
	m := w.kept.events[0].Matches
	if len(m) != 1 || m[0].Count != 1 || m[0].Part != "messages[0].content[0].text" || m[0].Excerpt != "my card ████ thanks" {
		t.Errorf("matches %+v", m)
	}
}

func TestReplayedPartsAreNotReportedAgain(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"openai-api": policy.Approved}, Options{})
	leak := map[string]any{"role": "user", "content": blocks("my card 4111 1111 ", "1111 1111")}
	send := func(turns ...any) *icap.Request {
		return request("POST", apiURL, asJSON(map[string]any{"messages": turns}), "Content-Type: application/json")
	}
	reply, next := map[string]any{"role": "assistant", "content": "noted"}, map[string]any{"role": "user", "content": "go on"}
	for i, c := range []struct {
		r    *icap.Request
		want int
	}{{send(leak), 1}, {send(leak, reply, next), 0}, {send(leak, reply, leak), 1}} {
		w.kept.events = nil
		w.ServeICAP(t.Context(), c.r)
		if got := len(w.kept.events[0].Matches); got != c.want {
			t.Errorf("request %d: %d matches, want %d", i, got, c.want)
		}
	}
}

// TestJointsAreBounded checks that no byte of a text is in them more than once.
func TestJointsAreBounded(t *testing.T) {
	var texts []extract.Text
	for i := range 200 {
		data := []byte(strings.Repeat("é", i*97%9000+1))
		texts = append(texts, extract.Text{Data: data, Next: (i + 1) % 200})
	}
	seams := 0
	seen := map[int]int64{} // up to where a text was joined
	for _, j := range joints(texts) {
		seams += len(j.pieces) - 1
		for _, p := range j.pieces {
			if p.from < seen[p.text] {
				t.Errorf("bytes of text %d are in two joints", p.text)
			}
			seen[p.text] = p.from + p.size
		}
	}
	if seams != 199 {
		t.Errorf("%d seams of 200 parts, want 199", seams)
	}
}

// TestAJointReadsAsItsTexts reads joints at many places, and asks where each stretch is.
func TestAJointReadsAsItsTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		texts := make([]extract.Text, 2+r.IntN(6))
		for i := range texts {
			texts[i] = extract.Text{Data: []byte(strings.Repeat("aé", 1+r.IntN(5000)))[:1+r.IntN(3)], Next: (i + 1) % len(texts), Blank: r.IntN(3) == 0}
			if r.IntN(4) == 0 {
				texts[i].Data = []byte(strings.Repeat("aé", r.IntN(9000)+1))
			}
		}
		for _, j := range joints(texts) {
			var whole []byte
			for i := range j.pieces {
				if int64(len(whole)) < j.pieces[i].at {
					whole = append(whole, ' ')
				}
				whole = append(whole, j.data(&j.pieces[i])...)
			}
			for range 20 {
				from := r.Int64N(int64(len(whole)))
				to := from + r.Int64N(int64(len(whole))-from) + 1
				got := make([]byte, to-from)
				if n, err := j.ReadAt(got, from); n != len(got) || err != nil || !bytes.Equal(got, whole[from:to]) {
					t.Fatalf("%d bytes of [%d,%d) of %d: %v", n, from, to, len(whole), err)
				}
				var in []byte
				for _, cut := range j.cuts(from, to) {
					in = append(in, texts[cut.Text].Data[cut.Start:cut.End]...)
				}
				if want := bytes.ReplaceAll(got, []byte(" "), nil); !bytes.Equal(in, want) {
					t.Fatalf("the texts hold %q at [%d,%d), want %q", in, from, to, want)
				}
			}
		}
	}
}
