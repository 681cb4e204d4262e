package event_test

import (
	"path/filepath"
	"testing"

	"github.com/sluice-dlp/sluice/event"
)

// What a request brings later belongs to its event where events are asked for. In an outbox
// alone it is a row for the sinks, and nothing else.
func TestLateCounts(t *testing.T) {
	inBothForms(t, func(t *testing.T, open opener) {
		db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
		r := open(t, db, event.Options{})
		e := prompt()
		if err := r.Record(t.Context(), e, false); err != nil {
			t.Fatal(err)
		}
		if ok, err := r.Received(t.Context(), e.ID, 500); !ok || err != nil {
			t.Fatal(ok, err)
		}
		closeIt(t, r)
		if count(t, db, "event") > 0 && rows(t, db, "kind = 0 AND late_in = 500") != 1 {
			t.Error("the event has not got its bytes")
		}
		got := deliver(t, db, open, 0, 2)
		if len(got) != 2 || got[0].Event.BytesIn != 0 || !got[1].Counts || got[1].Event.ID != e.ID || got[1].Event.BytesIn != 500 {
			t.Errorf("sinks are given %+v, want the event and a row of 500 bytes for it", got)
		}
	})
}

func TestBytesThatCameBack(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
	r := openStore(t, db, event.Options{IsStore: true})
	asset := prompt()
	asset.Activity, asset.Groups = "other", []string{"staff", "berlin"}
	both := map[string]*event.Event{"an event": prompt(), "a request that only counts": asset}
	for what, e := range both {
		if err := r.Record(t.Context(), e, false); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if ok, err := r.Received(t.Context(), e.ID, 500); !ok || err != nil {
				t.Fatalf("%s: %v, %v", what, ok, err)
			}
		}
	}
	for _, id := range []string{"", "no id", "01a22057-01c4-7480-abb3-9947360b7ca8"} {
		if ok, err := r.Received(t.Context(), id, 500); ok || err != nil {
			t.Errorf("%q: %v, %v; want an unknown request", id, ok, err)
		}
	}
	closeIt(t, r)
	var in, out, n int64
	if err := db.QueryRow(`SELECT bytes_in + late_in, bytes_out, n FROM event WHERE kind = 0`).Scan(&in, &out, &n); err != nil {
		t.Fatal(err)
	}
	if in != 1000 || out != 100 || n != 1 {
		t.Errorf("the event has %d bytes in, %d out and %d requests; want 1000, 100 and 1", in, out, n)
	}
	var groups string
	err := db.QueryRow(`SELECT bytes_in, bytes_out, n, grps FROM event WHERE kind = 1 AND activity = 'other'`).Scan(&in, &out, &n, &groups)
	if err != nil {
		t.Fatal(err)
	}
	if in != 1000 || out != 100 || n != 1 || groups != `["berlin","staff"]` {
		t.Errorf("the counts are %d bytes in, %d out, %d requests of %s; want 1000, 100 and 1 of both groups", in, out, n, groups)
	}
}
