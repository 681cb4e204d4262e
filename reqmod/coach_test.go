package reqmod

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
)

const groqURL = "https://api.groq.com/openai/v1/chat/completions"

var linkPattern = regexp.MustCompile(`https://console\.example\.com/coach\?token=([A-Za-z0-9_%.-]+)`)

func TestACoachedPersonGetsALinkThatIsBound(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	w := newWorld(t, "", nil, Options{ConsoleURL: "https://console.example.com/", TokenKey: key, Now: func() time.Time { return now }})
	body := string(answered(t, w.Handler, request("POST", groqURL, api("card "+card))).Body)
	found := linkPattern.FindStringSubmatch(body)
	if found == nil {
		t.Fatal("no link in the answer")
	}
	token, err := url.QueryUnescape(found[1])
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenCoach(key, token, now.Add(14*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	e := w.kept.events[0]
	if got.User != "alice" || got.IP != "10.1.2.3" || got.App != "groq" || !slices.Equal(got.Subjects, []string{"default"}) || got.Event != e.ID || got.Rule != e.Decision.Rule || got.Nonce == "" {
		t.Errorf("token %+v does not fit the event", got)
	}

	payload, sum, _ := strings.Cut(token, ".")
	for name, c := range map[string]struct {
		key   []byte
		token string
		after time.Duration
	}{
		"one that is too old":               {key, token, 15 * time.Minute},
		"one of another key":                {[]byte("another key"), token, 0},
		"one whose payload was changed":     {key, payload[:len(payload)-2] + "AA." + sum, 0},
		"one whose signature was cut":       {key, payload + "." + sum[:len(sum)-1], 0},
		"one without a signature":           {key, payload, 0},
		"one that is long":                  {key, strings.Repeat("A", 1<<16), 0},
		"one that is empty":                 {key, "", 0},
		"a signed text that holds no token": {key, "AAAA." + signature(key, "AAAA"), 0},
	} {
		if _, err := OpenCoach(c.key, c.token, now.Add(c.after)); err != ErrToken { //nolint:errorlint // it is returned as it is
			t.Errorf("%s: error %v, want ErrToken", name, err)
		}
	}

	again := linkPattern.FindStringSubmatch(string(answered(t, w.Handler, request("POST", groqURL, api("card "+card))).Body))
	if again == nil || again[1] == found[1] {
		t.Error("two answers share one token")
	}
}

func TestThereIsNoLinkWhereNoneCanBe(t *testing.T) {
	anybody := request("POST", groqURL, api("card "+card))
	anybody.Header = anybody.HTTP.Header // neither user nor address
	cases := map[string]struct {
		console, text string
		anybody       bool
	}{
		"without a console":                 {"", "", false},
		"where block was decided":           {"https://console.example.com", "defaults: {unreviewed: {action: block}}", false},
		"for one who is not told by anyone": {"https://console.example.com", "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.text, nil, Options{ConsoleURL: c.console})
			r := request("POST", groqURL, api("card "+card))
			if c.anybody {
				r = anybody
			}
			answer := w.refusalOf(t, r)
			if strings.Contains(answer, "token=") {
				t.Error("the answer has a link")
			}
		})
	}
}

func TestTheBlockPageHasTheLink(t *testing.T) {
	w := newWorld(t, "defaults: {unreviewed: {action: coach}}", nil, Options{ConsoleURL: "https://console.example.com"})
	page := w.refusalOf(t, request("GET", "https://chatgpt.com/", "", "Sec-Fetch-Dest: document", "Accept-Language: de-DE,de;q=0.9"))
	if !strings.Contains(page, `<html lang="de">`) || !strings.Contains(page, `href="https://console.example.com/coach?token=`) || !strings.Contains(page, "Grund angeben") {
		t.Errorf("page: %s", page)
	}
}

// refusalOf returns the body with which r is refused.
func (w *world) refusalOf(t *testing.T, r *icap.Request) string {
	t.Helper()
	x := &call{h: w.Handler, rules: w.rules.Load(), req: r, began: w.o.Now()}
	x.recognise(t.Context())
	x.inspect(t.Context())
	x.decide()
	return string(x.refusal(x.event()).Body)
}
