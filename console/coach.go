package console

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/theme"
	"github.com/sluice-dlp/sluice/store"
)

// Limits of what an employee may send, without having signed in.
const (
	coachBody   = 64 << 10
	coachReason = 1000 // characters of a justification
	coachTime   = 10 * time.Second
	maxReceipts = 16 // exceptions that one reason is given for
)

// CoachStore keeps exceptions; [store.Store] is one. It must be safe for concurrent use.
type CoachStore interface {
	Event(ctx context.Context, id string) (event.Event, error)
	Exception(ctx context.Context, id string) (store.Exception, error)
	TokenUsed(ctx context.Context, id string) (bool, error)
	Redeem(ctx context.Context, token string, expires time.Time, list []store.Exception) ([]store.Exception, error)
}

// CoachTicket is what a link lets its holder do: ask for exceptions from Subjects for one
// person and app.
type CoachTicket struct {
	Event, User, IP, App string
	Subjects             []string
	Nonce                string // single use
	Expires              time.Time
}

// CoachTerms are what a justification brings: an exception for Lifetime, at once or, with
// Approval, when a reviewer has agreed.
type CoachTerms struct {
	Lifetime time.Duration
	Approval bool
}

// CoachOptions configure a [Coach]. Store, Open and Terms are required.
type CoachOptions struct {
	Store CoachStore
	// Open checks a link's signature and age. Any error means that the link is good for nothing.
	Open func(token string) (CoachTicket, error)
	// Terms returns the strictest terms of what an exception is asked from.
	Terms func(subjects []string) CoachTerms
	// Mask makes a justification fit to be kept. It returns false when it could not tell.
	// Default: nothing is kept.
	Mask    func(ctx context.Context, text string) (string, bool)
	AppName func(id string) string // default: the id
	// DetectorName returns what people call a detector. Default: the id.
	DetectorName func(id string) string
	Pages        fs.FS            // files laid over the built-in page, style and languages; may be nil
	Log          *slog.Logger     // default: discard
	Now          func() time.Time // default: time.Now
}

// Coach serves, without sign-in, the pages that a coached person is sent to: /coach, where
// they read why their request was stopped and give a reason, and /coach/requests/ID, where
// they see what came of it. The signed link is the only key: it names the person the exception is for,
// whoever opens it. It is safe for concurrent use.
type Coach struct {
	o      CoachOptions
	theme  *theme.Theme[coachWords]
	policy string
	mux    *http.ServeMux
}

//go:embed coach
var coachFiles embed.FS

// coachScript shows times in the person's own time zone and language.
//
//go:embed coach/time.js
var coachScript string

// NewCoach checks o and returns a Coach.
func NewCoach(o CoachOptions) (*Coach, error) {
	if o.Store == nil || o.Open == nil || o.Terms == nil {
		return nil, errors.New("coach: store, open and terms are required")
	}
	if o.Mask == nil {
		o.Mask = func(context.Context, string) (string, bool) { return "", false }
	}
	itself := func(id string) string { return id }
	if o.AppName == nil {
		o.AppName = itself
	}
	if o.DetectorName == nil {
		o.DetectorName = itself
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	builtin, err := fs.Sub(coachFiles, "coach")
	if err != nil {
		return nil, fmt.Errorf("coach: %w", err)
	}
	c := &Coach{o: o, mux: http.NewServeMux()}
	if c.theme, err = theme.Load[coachWords](builtin, o.Pages); err != nil {
		return nil, fmt.Errorf("coach: %w", err)
	}
	_, words := c.theme.Words("en")
	for _, sample := range []coachPage{{Form: &coachForm{Problem: "x"}}, {Again: "x"}} {
		sample.coachWords = words
		if err := c.theme.Render(io.Discard, sample); err != nil {
			return nil, fmt.Errorf("coach: %w", err)
		}
	}
	sum := sha256.Sum256([]byte(coachScript))
	c.policy = "default-src 'none'; style-src " + c.theme.StyleSource() + "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	c.mux.HandleFunc("GET /coach", c.ask)
	c.mux.HandleFunc("POST /coach", c.take)
	c.mux.HandleFunc("GET /coach/requests/{ids}", c.receipt)
	return c, nil
}

// ServeHTTP implements http.Handler.
func (c *Coach) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), coachTime)
	defer cancel()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", c.policy)
	h.Set("Referrer-Policy", "no-referrer") // the address holds the token
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.mux.ServeHTTP(w, r.WithContext(ctx))
}

// ask shows why a request was stopped, and asks for a reason.
func (c *Coach) ask(w http.ResponseWriter, r *http.Request) {
	ticket, ok := c.ticket(w, r, r.URL.Query().Get("token"))
	if ok {
		c.form(w, r, ticket, http.StatusOK, "", "")
	}
}

// ticket opens a token, or tells the person that the link is good for nothing.
func (c *Coach) ticket(w http.ResponseWriter, r *http.Request, token string) (CoachTicket, bool) {
	_, words := c.words(r)
	ticket, err := c.o.Open(token)
	if err != nil {
		c.say(w, r, http.StatusGone, coachPage{Heading: words.Expired, Text: []string{words.ExpiredHelp}})
		return ticket, false
	}
	used, err := c.o.Store.TokenUsed(r.Context(), ticket.Nonce)
	if err != nil {
		c.trouble(w, r, "look up token", err)
		return ticket, false
	}
	if used {
		c.say(w, r, http.StatusGone, coachPage{Heading: words.Used, Text: []string{words.UsedHelp}})
	}
	return ticket, !used
}

// take keeps the reason and gives, or asks for, the exceptions.
func (c *Coach) take(w http.ResponseWriter, r *http.Request) {
	_, words := c.words(r)
	r.Body = http.MaxBytesReader(w, r.Body, coachBody)
	if err := r.ParseForm(); err != nil {
		c.say(w, r, http.StatusBadRequest, coachPage{Heading: words.Expired, Text: []string{words.ExpiredHelp}})
		return
	}
	ticket, ok := c.ticket(w, r, r.PostForm.Get("token"))
	if !ok {
		return
	}
	reason := strings.TrimSpace(strings.ToValidUTF8(r.PostForm.Get("reason"), "\uFFFD"))
	switch {
	case reason == "":
		c.form(w, r, ticket, http.StatusUnprocessableEntity, reason, words.Missing)
		return
	case utf8.RuneCountInString(reason) > coachReason:
		c.form(w, r, ticket, http.StatusUnprocessableEntity, reason, words.TooLong)
		return
	}
	kept, sure := c.o.Mask(r.Context(), reason)
	if !sure {
		kept = "" // better none than one in the clear
	}
	list, err := c.o.Store.Redeem(r.Context(), ticket.Nonce, ticket.Expires, c.exceptions(ticket, kept))
	if errors.Is(err, store.ErrTokenUsed) {
		c.say(w, r, http.StatusGone, coachPage{Heading: words.Used, Text: []string{words.UsedHelp}})
		return
	}
	if err != nil {
		c.trouble(w, r, "redeem token", err)
		return
	}
	ids := each(list, func(x *store.Exception) string { return x.ID })
	c.o.Log.Info("exception asked for", "app", ticket.App, "state", list[0].State, "until", list[0].Expires, "exceptions", ids, "event", ticket.Event)
	// Relative, so that a proxy may serve the console under a path of its own.
	w.Header().Set("Location", "coach/requests/"+strings.Join(ids, ","))
	w.WriteHeader(http.StatusSeeOther)
}

// exceptions returns what a ticket is redeemed for.
func (c *Coach) exceptions(ticket CoachTicket, reason string) []store.Exception {
	now, terms := c.o.Now(), c.o.Terms(ticket.Subjects)
	x := store.Exception{
		User: ticket.User, App: ticket.App, Justification: reason, Event: ticket.Event,
		State: store.ExceptionActive, Created: now, Expires: now.Add(terms.Lifetime),
	}
	if x.User == "" {
		x.IP = ticket.IP
	}
	if terms.Approval {
		x.State = store.ExceptionPending
	}
	list := make([]store.Exception, 0, len(ticket.Subjects))
	for _, s := range ticket.Subjects[:min(len(ticket.Subjects), maxReceipts)] {
		x.Subject = s
		list = append(list, x)
	}
	return list
}

// receipt tells what came of a reason. The ids are random, and say nothing of the person.
func (c *Coach) receipt(w http.ResponseWriter, r *http.Request) {
	_, words := c.words(r)
	ids := strings.Split(r.PathValue("ids"), ",")
	var list []store.Exception
	for _, id := range ids[:min(len(ids), maxReceipts)] {
		x, err := c.exception(r.Context(), id)
		if errors.Is(err, store.ErrNotFound) {
			c.say(w, r, http.StatusNotFound, coachPage{Heading: words.Unknown})
			return
		}
		if err != nil {
			c.trouble(w, r, "read exception", err)
			return
		}
		list = append(list, x)
	}
	c.say(w, r, http.StatusOK, c.outcome(words, list))
}

func (c *Coach) exception(ctx context.Context, id string) (store.Exception, error) {
	if _, ok := event.IDTime(id); !ok {
		return store.Exception{}, store.ErrNotFound
	}
	return c.o.Store.Exception(ctx, id)
}

// outcome describes exceptions that were asked for together by the worst of them.
func (c *Coach) outcome(words *coachWords, list []store.Exception) coachPage {
	has := func(s store.ExceptionState) bool {
		return slices.ContainsFunc(list, func(x store.Exception) bool { return x.State == s })
	}
	first := slices.MinFunc(list, func(a, b store.Exception) int { return a.Expires.Compare(b.Expires) })
	until := first.Expires.UTC().Format("2006-01-02 15:04 UTC")
	page := coachPage{Facts: []coachFact{{Name: words.App, Value: c.o.AppName(first.App)}}}
	say := func(heading, text string) {
		page.Heading, page.Text = c.fill(heading, first.App, until), []string{c.fill(text, first.App, until)}
	}
	switch {
	case has(store.ExceptionDenied):
		say(words.Denied, words.DeniedHelp)
	case has(store.ExceptionRevoked):
		say(words.Ended, words.EndedHelp)
	case has(store.ExceptionPending):
		say(words.Pending, words.PendingHelp)
		page.Again = words.CheckAgain
	case !first.Expires.After(c.o.Now()):
		say(words.Ended, words.EndedHelp)
	default:
		say(words.Granted, words.GrantedHelp)
		page.Good, page.Facts = true, append(page.Facts, coachFact{Name: words.Until, Value: until, Time: first.Expires.UTC().Format(time.RFC3339)})
	}
	page.Facts = append(page.Facts, coachFact{Name: words.Incident, Value: first.Event})
	return page
}

// fill puts names into a sentence.
func (c *Coach) fill(text, app, what string) string {
	return strings.NewReplacer("%app", c.o.AppName(app), "%what", what).Replace(text)
}

// trouble is an error of ours: the person can try again, the log says what it was.
func (c *Coach) trouble(w http.ResponseWriter, r *http.Request, step string, err error) {
	c.o.Log.Error("a coached person could not be served", "step", step, "error", err)
	_, words := c.words(r)
	c.say(w, r, http.StatusServiceUnavailable, coachPage{Heading: words.Trouble, Text: []string{words.TroubleHelp}})
}

func (c *Coach) words(r *http.Request) (string, *coachWords) {
	return c.theme.Words(r.Header.Get("Accept-Language"))
}

// say answers with a page.
func (c *Coach) say(w http.ResponseWriter, r *http.Request, status int, page coachPage) {
	page.Lang, page.coachWords = c.words(r)
	page.Style, page.Script = c.theme.Style(), template.JS(coachScript)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	if err := c.theme.Render(w, page); err != nil {
		c.o.Log.Debug("coach page not written", "error", err)
	}
}

// coachPage is what page.html is given.
type coachPage struct {
	*coachWords
	Lang    string
	Style   template.CSS
	Script  template.JS
	Heading string
	Text    []string
	Facts   []coachFact
	Form    *coachForm // nil: nothing is asked
	Again   string     // a link to look once more; "" for none
	Good    bool
}

type coachFact struct {
	Name, Value string
	Time        string // RFC 3339, of a value that is a time
}

type coachForm struct {
	Token, Reason, Problem, Terms string
	Max                           int
}
