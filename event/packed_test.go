package event_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/event"
)

// opener is open for files of one form.
type opener func(tb testing.TB, db *sql.DB, o event.Options) *event.Recorder

func openStore(tb testing.TB, db *sql.DB, o event.Options) *event.Recorder {
	tb.Helper()
	o.IsStore = true
	return open(tb, db, o)
}

// inBothForms runs f with files that are a store, and with outboxes alone.
func inBothForms(t *testing.T, f func(t *testing.T, open opener)) {
	t.Run("store", func(t *testing.T) { f(t, openStore) })
	t.Run("outbox", func(t *testing.T) { f(t, open) })
}

func count(tb testing.TB, db *sql.DB, table string) (n int) {
	tb.Helper()
	if err := db.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// varied are events of all sorts.
func varied() []*event.Event {
	var list []*event.Event
	for i := range 700 {
		e := prompt()
		e.ID, e.User, e.BytesOut = event.NewID(e.Time), fmt.Sprintf("user%d", i/7%9), int64(i)
		switch i % 11 {
		case 1:
			e.Matches = []event.Match{{Detector: "iban", Count: 2, Masked: []string{"DE**"}, Excerpt: "of " + e.User}}
			e.Sealed = []byte("age")
		case 2:
			e.Gaps, e.Groups = []string{"too_large", "a|b"}, []string{"b", "a"}
		case 3:
			e.User, e.Path, e.BytesIn = "a\x00b\xff", strings.Repeat("é", 4096), -1
		case 4:
			e.Activity = "other" // only counts
		case 5:
			e.Count = 7
		}
		list = append(list, e)
	}
	return list
}

// record records events and closes the recorder; some are waited for, so that there are
// transactions of all sizes.
func record(tb testing.TB, db *sql.DB, open opener, list []*event.Event) {
	tb.Helper()
	r := open(tb, db, event.Options{})
	for i, e := range list {
		one := *e
		if err := r.Record(tb.Context(), &one, i%90 > 80); err != nil {
			tb.Fatal(err)
		}
	}
	closeIt(tb, r)
}

// deliver returns what a sink is given that stands at a number.
func deliver(t *testing.T, db *sql.DB, open opener, after int64, want int) []event.Numbered {
	t.Helper()
	r := open(t, db, event.Options{Sinks: 9})
	sink := &rowMemory{memory{name: "rows", pos: map[string]int64{r.Outbox(): after}}}
	go func() { _ = r.Run(t.Context(), sink) }()
	eventually(t, "the sink has all", func() bool { return len(sink.seen()) >= want })
	closeIt(t, r)
	return sink.seen()
}

func TestOutboxGivesWhatAStoreGives(t *testing.T) {
	store, outbox := openFile(t, filepath.Join(t.TempDir(), "o.db")), openFile(t, filepath.Join(t.TempDir(), "o.db"))
	list := varied()
	record(t, store, openStore, list)
	record(t, outbox, open, list)
	want := count(t, store, "event")
	if want < 600 || count(t, outbox, "event") != 0 || count(t, outbox, "packed") < 3 {
		t.Fatalf("the store has %d rows, the outbox %d and %d packs", want, count(t, outbox, "event"), count(t, outbox, "packed"))
	}
	fromStore, fromOutbox := deliver(t, store, openStore, 0, want), deliver(t, outbox, open, 0, want)
	if len(fromOutbox) != want {
		t.Fatalf("%d rows, want %d", len(fromOutbox), want)
	}
	for i := range fromStore {
		got, want := fromOutbox[i], fromStore[i]
		if want.Counts { // in any order, with an id of their own
			if !got.Counts || got.Seq != want.Seq {
				t.Errorf("row %d: number %d, counts %t; want %d, true", i, got.Seq, got.Counts, want.Seq)
			}
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("row %d is\n%+v\nin the outbox, and in the store\n%+v", i, got, want)
		}
	}
	for _, after := range []int64{1, 100, 255, 256, 257, int64(want) - 1} { // in the middle of a pack, most of them
		got := deliver(t, outbox, open, after, want-int(after))
		if len(got) != want-int(after) || !reflect.DeepEqual(got[0], fromOutbox[after]) {
			t.Errorf("after %d the sink is given %d rows from number %d on", after, len(got), got[0].Seq)
		}
	}
}

// An outbox of an earlier version has rows in table event, as has a store that is to be one no longer.
func TestRowsBecomePackedAndBack(t *testing.T) {
	db, list := openFile(t, filepath.Join(t.TempDir(), "o.db")), varied()
	record(t, db, openStore, list)
	before := count(t, db, "event")
	record(t, db, open, list)
	if got := count(t, db, "event"); got != before || count(t, db, "packed") == 0 {
		t.Fatalf("table event has %d rows, want the %d of before, and the others packed", got, before)
	}
	all := deliver(t, db, open, 0, 2*before)
	if len(all) != 2*before {
		t.Fatalf("%d rows of both forms, want %d", len(all), 2*before)
	}
	for i, row := range all {
		if row.Seq != int64(i+1) {
			t.Fatalf("row %d has number %d", i, row.Seq)
		}
	}
	record(t, db, openStore, list[:1])
	if got := count(t, db, "event"); got != 2*before+1 || count(t, db, "packed") != 0 {
		t.Fatalf("the store has %d rows and %d packs, want %d and none", got, count(t, db, "packed"), 2*before+1)
	}
	if diff := deliver(t, db, openStore, 0, 2*before+1); !reflect.DeepEqual(diff[:2*before], all) {
		t.Error("a row has changed on its way into the store")
	}
	if got := rows(t, db, "sealed IS NOT NULL"); got != rows(t, db, "nmatch > 0") {
		t.Errorf("%d rows have a sealed prompt, want one a row with a match", got)
	}
}

func TestErasePacked(t *testing.T) {
	db, list := openFile(t, filepath.Join(t.TempDir(), "o.db")), varied()
	for i, e := range list {
		if i%50 == 0 {
			e.Host = "user3" // names no person here
		}
	}
	record(t, db, open, list)
	events := 0
	for _, e := range list {
		if e.User == "user3" && e.Activity != "other" {
			events++
		}
	}
	var before int
	if err := db.QueryRow(`SELECT sum(n) FROM packed`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	n, err := event.ErasePacked(t.Context(), tx, "user3", "erased-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	after := deliver(t, db, open, 0, before)
	mine := 0
	for i := range after {
		row, e := &after[i], &after[i].Event
		if e.User == "user3" || strings.Contains(row.Detail(), "user3") {
			t.Fatalf("row %d is still of user3", row.Seq)
		}
		if e.User != "erased-1" {
			if e.Source.IP == "" {
				t.Errorf("row %d was erased as well", row.Seq)
			}
			continue
		}
		if mine++; e.Path != "" || e.Source.IP != "" || row.Sealed() != nil {
			t.Errorf("row %d: %+v", row.Seq, e)
		}
	}
	if int64(mine) != n || mine < events {
		t.Errorf("%d rows of user3 erased, %d said, %d events recorded", mine, n, events)
	}
}

func TestDamagedOutboxSaysWhere(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
	record(t, db, open, varied()[:5])
	if _, err := db.Exec(`UPDATE packed SET body = substr(body, 1, length(body) - 1) WHERE last = (SELECT max(last) FROM packed)`); err != nil {
		t.Fatal(err)
	}
	r := open(t, db, event.Options{})
	go func() { _ = r.Run(t.Context(), &rowMemory{memory{name: "rows"}}) }()
	eventually(t, "the sink says why it stands", func() bool {
		d := r.Stats().Deliveries
		return len(d) == 1 && d[0].Err != nil && strings.Contains(d[0].Err.Error(), "event number ")
	})
}
