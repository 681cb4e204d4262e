package event_test

import (
	"path/filepath"
	"testing"

	"github.com/sluice-dlp/sluice/event"
)

// What a request brings later belongs to its event where events are asked for. In an outbox
// alone, which has no index to find it by, it is a row for the sinks.
func TestLateCountsOfAnOutbox(t *testing.T) {
	cases := map[string]struct {
		isStore bool
		late    int64
	}{
		"a store adds them to the event": {true, 500},
		"an outbox does not":             {false, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
			r := open(t, db, event.Options{IsStore: c.isStore})
			e := prompt()
			if err := r.Record(t.Context(), e, false); err != nil {
				t.Fatal(err)
			}
			if ok, err := r.Received(t.Context(), e.ID, 500); !ok || err != nil {
				t.Fatal(ok, err)
			}
			closeIt(t, r)
			var late, counted int64
			err := db.QueryRow(`SELECT sum(late_in) FILTER (WHERE kind = 0), sum(bytes_in) FILTER (WHERE kind = 1) FROM event WHERE id = $1`, e.ID).Scan(&late, &counted)
			if err != nil {
				t.Fatal(err)
			}
			if late != c.late || counted != 500 {
				t.Errorf("the event has %d bytes more and the row for sinks %d, want %d and 500", late, counted, c.late)
			}
		})
	}
}

func TestBytesThatCameBack(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
	r := open(t, db, event.Options{IsStore: true})
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
