// Package storetest is the suite that every database of package store passes.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// Open returns the options of an empty database; the test may open it several times.
type Open func(t *testing.T) store.Options

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, Open){
		"events come back as they were recorded":      eventsComeBack,
		"filters select as a brute-force search does": filtersSelect,
		"pages join to the whole list":                pagesJoin,
		"an unknown event is not found":               unknownEvent,
		"statuses are set, listed and kept":           statusesAreKept,
		"history cannot be changed":                   historyStays,
		"a status is followed by every node":          statusIsFollowed,
		"several nodes start at once":                 nodesStartAtOnce,
		"a restarted node records on":                 restartRecordsOn,
		"folded requests count on their event":        foldedCount,
		"reports equal a recount":                     reportsRecount,
		"exceptions live and end":                     exceptionsLive,
		"a token is used once":                        tokensOnce,
		"a claim is held until its time":              claimsOnce,
		"reviews are kept and weighed":                reviewsTriage,
		"triage hides what is done or muted":          triageWorks,
		"people are numbers where names are hidden":   peopleAreNumbers,
		"views are saved":                             viewsAreSaved,
		"the audit trail is whole":                    auditIsWhole,
		"accounts are kept":                           accountsAreKept,
		"a clock that jumps loses nothing":            clockJumps,
		"sessions end":                                sessionsEnd,
		"API tokens live until they are revoked":      apiTokensLive,
		"nodes tell of themselves":                    nodesTell,
		"retention drops what is old":                 retentionDrops,
		"spans add up to their days":                  spansAddUp,
		"a person is erased in spans":                 spansForget,
		"spans are made while late events come":       spansMeanwhile,
		"a person is erased":                          personErased,
		"who was erased is erased on arrival":         erasedOnArrival,
		"files are private":                           filesPrivate,
		"a node starts without its database":          statusesWithoutDatabase,
		"the explorer reads its views":                exploreReads,
		"names that a database dislikes are kept":     dislikedNames,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// node is a store with its recorder and sink, as a server has them.
type node struct {
	t        testing.TB
	Store    *store.Store
	Recorder *event.Recorder
	cancel   context.CancelFunc
	ran      chan error
}

// wait bounds everything a test waits for.
const wait = 30 * time.Second

func openStore(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	return s
}

func start(t testing.TB, o store.Options) *node {
	t.Helper()
	n := &node{t: t, Store: openStore(t, o), ran: make(chan error, 1)}
	var err error
	if n.Recorder, err = event.Open(t.Context(), n.Store.OutboxDB(), event.Options{Log: o.Log, IsStore: n.Store.SQLite()}); err != nil {
		t.Fatalf("open recorder: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	if sink := n.Store.Sink(); sink != nil {
		go func() { n.ran <- n.Recorder.Run(ctx, sink) }()
	} else {
		n.ran <- nil
	}
	return n
}

// drain closes the recorder, which delivers everything to the store.
func (n *node) drain() {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := n.Recorder.Close(ctx); err != nil {
		n.t.Fatalf("close recorder: %v", err)
	}
	// Where nothing was recorded, the recorder may close before its sink begins.
	if err := <-n.ran; err != nil && !errors.Is(err, event.ErrClosed) {
		n.t.Fatalf("sink: %v", err)
	}
	n.cancel()
}

func (n *node) close() {
	n.t.Helper()
	if err := n.Store.Close(); err != nil {
		n.t.Errorf("close store: %v", err)
	}
}

// fill records the events and returns a store that has them all.
func fill(t testing.TB, o store.Options, list []*event.Event) *store.Store {
	t.Helper()
	n := start(t, o)
	for _, e := range list {
		if err := n.Recorder.Record(t.Context(), e, false); err != nil {
			t.Fatalf("record: %v", err)
		}
	}
	n.drain()
	t.Cleanup(n.close)
	return n.Store
}

// exec runs a statement behind the store's back.
func exec(t testing.TB, o store.Options, s *store.Store, text string) error {
	t.Helper()
	if o.URL == "" {
		_, err := s.OutboxDB().ExecContext(t.Context(), text)
		return err
	}
	conn, err := pgx.Connect(t.Context(), o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), text)
	return err
}

// world makes random but repeatable events. Its clock starts in the past, so that no
// event is in the future.
type world struct {
	rnd  *rand.Rand
	now  time.Time
	step time.Duration
	ids  map[string]bool
}

func newWorld(seed uint64, start time.Time, step time.Duration) *world {
	return &world{rnd: rand.New(rand.NewPCG(seed, 7)), now: start.UTC().Truncate(time.Hour), step: step, ids: map[string]bool{}}
}

func pick[T any](w *world, list ...T) T { return list[w.rnd.IntN(len(list))] }

// id is that of now, with what is random in it repeatable.
func (w *world) id() string {
	return event.NewID(w.now)[:19] + fmt.Sprintf("8%03x-%012x", w.rnd.IntN(1<<12), w.rnd.Int64N(1<<48))
}

// event makes one event that becomes a row of its own.
func (w *world) event() *event.Event {
	w.now = w.now.Add(time.Duration(w.rnd.Int64N(int64(2 * w.step))))
	user := w.rnd.IntN(40)
	app := w.rnd.IntN(12)
	e := &event.Event{
		ID: w.id(), Time: w.now, Node: pick(w, "gw1", "gw2"), Snapshot: "9c1f",
		User: fmt.Sprintf("user%02d", user), Groups: []string{fmt.Sprintf("dept%d", user%5), "staff"},
		Actor: pick(w, "person", "person", "agent"), Account: event.Account{Kind: pick(w, "personal", "company", "unknown")},
		Source: event.Source{IP: fmt.Sprintf("10.1.%d.%d", user%3, user), Country: pick(w, "DE", "DE", "DE", "FR", "US"), Site: pick(w, "Berlin", "")},
		Device: event.Device{ID: fmt.Sprintf("L-%04d", user/2), Posture: "managed"},
		App: event.App{
			ID: fmt.Sprintf("app%02d", app), Name: fmt.Sprintf("App %02d", app), Category: []string{"chat", "code", "image"}[app%3],
			Status: pick(w, "approved", "unreviewed", "unapproved"), Source: pick(w, "catalogue", "catalogue", "shape"),
		},
		Activity: pick(w, "prompt", "prompt", "upload", "session"), Visibility: pick(w, "full", "full", "uploads", "handshake"), Method: "POST",
		Host: fmt.Sprintf("app%02d.example", app), Path: "/backend-api/f/conversation",
		BytesOut: w.rnd.Int64N(1 << 20), LatencyUS: w.rnd.Int64N(5000),
		Decision: event.Decision{Action: pick(w, "allow", "log", "log"), Would: "log", Rule: "default:approved", Reason: "nothing found", Mode: "enforce"},
	}
	if w.rnd.IntN(6) == 0 {
		w.match(e)
	}
	if w.rnd.IntN(10) == 0 {
		e.Gaps = []string{pick(w, "too_large", "encrypted", "deadline")}
	}
	return e
}

func (w *world) match(e *event.Event) {
	for _, d := range []string{"credit_card", "us_ssn", "iban"}[:1+w.rnd.IntN(3)] {
		e.Matches = append(e.Matches, event.Match{
			Detector: d, Profiles: []string{map[string]string{"credit_card": "pci", "us_ssn": "pii-us", "iban": "bank"}[d], "default"},
			Severity: "high", Confidence: pick(w, "medium", "high"), Count: 1 + w.rnd.IntN(3),
			Masked: []string{"••••1111"}, Fingerprints: []string{"hmac:01"}, Part: "messages[0].content", Role: "user", Excerpt: "… ████ …",
		})
	}
	e.Decision = event.Decision{
		Action: pick(w, "log", "block", "coach", "redact"), Would: "block", Rule: "no-cards", Reason: "matched",
		Profiles: []string{"default"}, Mode: "enforce",
	}
}

func (w *world) events(n int) []*event.Event {
	list := make([]*event.Event, n)
	for i := range list {
		list[i] = w.event()
	}
	return list
}
