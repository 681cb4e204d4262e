package reqmod

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
)

// coachLifetime is how long a link to give a reason is good.
const coachLifetime = 15 * time.Minute

// ErrToken says that a coach token is forged, broken or too old.
var ErrToken = errors.New("coach token is not valid")

// CoachToken is what a coach link lets its holder do: give a reason for one kind of
// request. Nonce makes it single-use: who redeems it remembers the nonce until Expires.
type CoachToken struct {
	Event string `json:"e"`
	User  string `json:"u"` // "" when the proxy names nobody: then IP binds
	IP    string `json:"i"`
	App   string `json:"a"`
	// Subjects are what exceptions are needed for until the same request passes: profiles,
	// and what policy.ExceptionGap and ExceptionApp write.
	Subjects []string  `json:"s"`
	Rule     string    `json:"r"`
	Nonce    string    `json:"n"`
	Expires  time.Time `json:"x"`
}

// SignCoach returns the token as text fit for a URL.
func SignCoach(key []byte, t CoachToken) (string, error) {
	payload, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(payload)
	return text + "." + signature(key, text), nil
}

// OpenCoach checks a token's signature and age. Its error is [ErrToken].
func OpenCoach(key []byte, text string, now time.Time) (CoachToken, error) {
	payload, sum, ok := strings.Cut(text, ".")
	if !ok || len(text) > 4096 || !hmac.Equal([]byte(sum), []byte(signature(key, payload))) {
		return CoachToken{}, ErrToken
	}
	data, err := base64.RawURLEncoding.DecodeString(payload)
	var t CoachToken
	if err != nil || json.Unmarshal(data, &t) != nil || !now.Before(t.Expires) {
		return CoachToken{}, ErrToken
	}
	return t, nil
}

func signature(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("coach\x00" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// coachLink is where the person gives a reason, or "" when there is no such place, or when
// no reason would help.
func (c *call) coachLink(e *event.Event) string {
	if c.decision.Action != policy.Coach || c.h.o.ConsoleURL == "" || e.User == "" && e.Source.IP == "" {
		return "" // nobody could be told from anybody else
	}
	subjects := c.subjects()
	if len(subjects) == 0 {
		return ""
	}
	token, err := SignCoach(c.h.o.TokenKey, CoachToken{
		Event: e.ID, User: c.who.user.Name, IP: c.who.ip, App: c.facts.App.ID, Subjects: subjects,
		Rule: c.decision.Rule, Nonce: rand.Text(), Expires: c.began.Add(coachLifetime).UTC().Truncate(time.Second),
	})
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(c.h.o.ConsoleURL, "/") + "/coach?token=" + url.QueryEscape(token)
}

// maxSubjects bounds what one reason is given for.
const maxSubjects = 16

// subjects returns what exceptions are needed for until the request passes: behind the rule
// that coached there may be another, or a gap. Nil when it would be stopped all the same.
func (c *call) subjects() []string {
	var subjects []string
	e, d := c.evidence, c.decision
	for d.Action == policy.Coach && len(subjects) < maxSubjects {
		switch {
		case d.Gap != "":
			subjects = append(subjects, policy.ExceptionGap(d.Gap))
		case len(d.Profiles) > 0:
			subjects = append(subjects, d.Profiles...)
		default:
			subjects = append(subjects, policy.ExceptionApp)
		}
		e.Excepted = append(slices.Clip(c.evidence.Excepted), subjects...)
		d = c.plan.Decide(e)
	}
	if d.Action >= policy.Coach && d.Action != policy.Redact {
		return nil
	}
	return subjects
}

// beyond answers the plan's questions without what profiles look for.
func (c *call) beyond(profiles []string) []bool {
	var left []dlp.Finding
	for _, f := range c.findings {
		if !slices.ContainsFunc(profiles, func(p string) bool { return slices.Contains(f.Profiles, p) }) {
			left = append(left, f)
		}
	}
	return c.triggered(left)
}
