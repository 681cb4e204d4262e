package extract_test

import (
	"slices"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// TestSentencesAreTextWhereverTheyStand sends sentences where the catalogue expects ids and
// names, and in the address.
func TestSentencesAreTextWhereverTheyStand(t *testing.T) {
	const openAI = "https://api.openai.com/v1/chat/completions"
	cases := map[string]struct {
		method, url, body string
		want              string // role path=text, one of the texts; "": only hello is text
	}{
		"metadata of a request":         {"POST", openAI, `"metadata":{"note":"my card is this"}`, "context metadata.note=my card is this"},
		"the name of a user":            {"POST", openAI, `"user":"my card is this"`, "context user=my card is this"},
		"the name of a model":           {"POST", openAI, `"model":"my card is this"`, "context model=my card is this"},
		"where an answer stops":         {"POST", openAI, `"stop":["my card is this"]`, "context stop[0]=my card is this"},
		"a card in what a program says": {"POST", openAI, `"customer":{"card":{"number":"4111111111111111"}}`, "context customer.card.number=4111111111111111"},
		"a card that is a number":       {"POST", openAI, `"customer":{"cardNumber":4111111111111111}`, "context customer.cardNumber=4111111111111111"},
		"numbers in a list of data":     {"POST", openAI, `"data":[4111111111111111,4111111111111111]`, ""},
		"a number that is an id":        {"POST", openAI, `"seq":4111111111111111,"seqs":{"card":0}`, ""},
		"an id that has no words":       {"POST", openAI, `"user":"user-8a7b","metadata":{"note":"8a7b"}`, ""},
		"the schema of a tool":          {"POST", openAI, `"tools":[{"function":{"description":"words of a vendor"}}]`, ""},
		"a schema in metadata":          {"POST", openAI, `"metadata":{"tools":[{"description":"words of a vendor"}]}`, ""},
		"the path of a question":        {"GET", "https://www.perplexity.ai/search/my%20card%20is%20this", "", "user path=my card is this"},
		"a path with plus signs":        {"GET", "https://www.phind.com/search/my+card+is+this", "", "user path=my card is this"},
		"the path of a picture":         {"GET", "https://image.pollinations.ai/prompt/my%20card%20is%20this?width=9", "", "user path=my card is this"},
		"a path beside a body":          {"POST", "https://api.openai.com/v1/my%20card%20is%20this/chat/completions", `"n":1`, "context path=my card is this"},
		"a path with a name in it":      {"POST", "https://api.openai.com/v1/threads/thread%5F8a7b/messages/chat/completions", `"n":1`, ""},
		"a query that no rule names":    {"POST", openAI + "?note=my+card+is+this", `"n":1`, "context query note=my card is this"},
		"a query under an id's name":    {"POST", openAI + "?user_id=my+card+is+this", `"n":1`, "context query user_id=my card is this"},
		"a query that is an id alone":   {"POST", openAI + "?user_id=8a7b", `"n":1`, ""},
	}
	x, cat := extract.New(extract.Options{}), catalogue(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := labelled{Method: c.method, URL: c.url}
			if c.body != "" {
				l.Headers = map[string]string{"Content-Type": "application/json"}
				l.Body = []byte(`{"messages":[{"role":"user","content":"hello"}],` + c.body + `}`)
			}
			d := x.Extract(t.Context(), l.input(t, cat))
			defer d.Close()
			var got []string
			for _, text := range d.Texts {
				if string(text.Data) != "hello" {
					got = append(got, string(text.Role)+" "+text.Path+"="+string(text.Data))
				}
			}
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
