package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

func retentionDrops(t *testing.T, open Open) {
	now := time.Now().UTC()
	var list []*event.Event
	kept := map[string]bool{}
	for _, age := range []int{200, 100, 91, 89, 40, 29, 1} {
		w := newWorld(uint64(age), now.Add(-time.Duration(age)*24*time.Hour), time.Second)
		for range 20 {
			e := w.event()
			e.Sealed = []byte("age-encryption.org/v1 sealed")
			list = append(list, e)
			kept[e.ID] = age < 90
		}
	}
	s := fill(t, open(t), list)
	ctx := t.Context()
	r := store.Retention{Events: 90 * 24 * time.Hour, Rollups: 150 * 24 * time.Hour, Payloads: 30 * 24 * time.Hour}
	for range 2 { // twice does no harm
		if err := s.Maintain(ctx, r, now); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Events(ctx, store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range got {
		if !kept[e.ID] {
			t.Errorf("an event of %s is still there", e.Time)
		}
	}
	if len(got) != 80 {
		t.Errorf("%d events are left, want 80", len(got))
	}
	for _, e := range list {
		ts, _ := event.IDTime(e.ID)
		_, err := s.Payload(ctx, e.ID)
		if young := now.Sub(ts) < 30*24*time.Hour; young != (err == nil) {
			t.Errorf("the prompt of %s: %v", ts, err)
		}
	}
	totals, err := s.Totals(ctx, store.Period{From: now.AddDate(-1, 0, 0), To: now.Add(time.Hour)})
	if err != nil || totals.Events != 120 {
		t.Errorf("roll-ups hold %d events (%v), want the 120 of the last 150 days", totals.Events, err)
	}
}

// planted must not be found in any file afterwards.
const planted = "Mallory Planted-Person"

func personErased(t *testing.T, open Open) {
	w := newWorld(9, yesterday(), time.Second)
	list := w.events(300)
	mine := 0
	var id string
	for i, e := range list {
		if i%10 == 0 {
			mine++
			id = e.ID
			e.User, e.Account.ID, e.Source.IP, e.Device.ID = planted, "mallory@planted.example", "10.99.99.99", "PLANTED-DEVICE"
			e.Files = []event.File{{Name: "planted-cv.pdf", Hash: "hmac:planted"}}
			e.Sealed = []byte("sealed-planted")
		}
	}
	s := fill(t, open(t), list)
	ctx := t.Context()
	before, err := s.Totals(ctx, store.Period{From: yesterday().Add(-2 * time.Hour), To: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddException(ctx, store.Exception{User: planted, App: "app01", Subject: "pci", Justification: "planted reason", State: store.ExceptionActive, Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	erased, err := s.ErasePerson(ctx, planted, "dpo")
	if err != nil {
		t.Fatal(err)
	}
	if erased.Events != int64(mine) || erased.Exceptions != 1 {
		t.Errorf("erased %+v, want %d events and 1 exception", erased, mine)
	}
	got, err := s.Events(ctx, store.Filter{Limit: 1000})
	if err != nil || len(got) != len(list) {
		t.Fatalf("%d events are left, want all %d (%v)", len(got), len(list), err)
	}
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	exceptions, err := s.Exceptions(ctx, store.ExceptionFilter{})
	if err != nil {
		t.Fatal(err)
	}
	trail, err := s.AuditTrail(ctx, store.AuditFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	p := store.Period{From: yesterday().Add(-2 * time.Hour), To: time.Now()}
	sources, err := s.Breakdown(ctx, p, store.Sources, "", store.ByEvents, 1000)
	if err != nil {
		t.Fatal(err)
	}
	devices, err := s.Breakdown(ctx, p, store.Devices, "", store.ByEvents, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for what, shares := range map[string][]store.Share{"sources": sources, "devices": devices} {
		var left store.Usage
		for _, one := range shares {
			left.Events, left.BytesOut = left.Events+one.Events, left.BytesOut+one.BytesOut
		}
		if left.Events != before.Events || left.BytesOut != before.BytesOut {
			t.Errorf("%s add up to %d requests and %d bytes, want all %d and %d", what, left.Events, left.BytesOut, before.Events, before.BytesOut)
		}
	}
	more, err := json.Marshal([]any{exceptions, trail, sources, devices})
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{planted, "mallory@", "10.99.99.99", "PLANTED-DEVICE", "planted-cv", "hmac:planted", "planted reason"} {
		if strings.Contains(string(b), what) || strings.Contains(string(more), what) {
			t.Errorf("%q can still be read", what)
		}
	}
	if _, err := s.Payload(ctx, id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the prompt can still be read: %v", err)
	}
	after, err := s.Totals(ctx, p)
	if err != nil || after != before {
		t.Errorf("counts changed from %+v to %+v (%v)", before, after, err)
	}
	again, err := s.ErasePerson(ctx, planted, "dpo")
	if again.Alias = ""; err != nil || again != (store.Erased{}) {
		t.Errorf("erased again: %+v, %v; want nothing known", again, err)
	}
	for _, name := range []string{"", erased.Alias} {
		if _, err := s.ErasePerson(ctx, name, "dpo"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q is erased: %v, want ErrNotFound", name, err)
		}
	}
	if _, err := s.VerifyAudit(ctx); err != nil {
		t.Errorf("audit trail after erasing: %v", err)
	}
}

func filesPrivate(t *testing.T, open Open) {
	o := open(t)
	o.DataDir = filepath.Join(o.DataDir, "made")
	n := start(t, o)
	if err := n.Recorder.Record(t.Context(), newWorld(10, yesterday(), time.Second).event(), true); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(o.DataDir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		seen++
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s: others may read it", filepath.Base(path), info.Mode())
		}
		return nil
	})
	if err != nil || seen < 3 {
		t.Errorf("saw %d files: %v", seen, err)
	}
	n.drain()
	n.close()
}

func statusesWithoutDatabase(t *testing.T, open Open) {
	o := open(t)
	if o.URL == "" {
		return // SQLite is never away
	}
	s := openStore(t, o)
	if err := s.SetStatus(t.Context(), store.AppStatus{App: "chatgpt", Status: policy.Unapproved}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddException(t.Context(), store.Exception{User: "alice", App: "claude", Subject: "pci", State: store.ExceptionActive, Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Statuses(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ActiveExceptions(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	away := o
	away.URL = "postgres://postgres@127.0.0.1:1/none?connect_timeout=2"
	s = openStore(t, away)
	defer s.Close()
	set, err := s.Statuses(t.Context())
	if err != nil || set["chatgpt"].Status != policy.Unapproved {
		t.Errorf("statuses without Postgres: %v %v, want the last seen", set, err)
	}
	list, err := s.ActiveExceptions(t.Context(), time.Now())
	if err != nil || len(list) != 1 || list[0].User != "alice" {
		t.Errorf("exceptions without Postgres: %v %v, want the last seen", list, err)
	}
	r, err := event.Open(t.Context(), s.OutboxDB(), event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Record(t.Context(), newWorld(12, yesterday(), time.Second).event(), true); err != nil {
		t.Errorf("record without Postgres: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := r.Close(ctx); err != nil {
		t.Error(err)
	}
	// A node that never saw Postgres does not start without it.
	fresh := away
	fresh.DataDir = t.TempDir()
	if s, err := store.Open(t.Context(), fresh); err == nil || !strings.Contains(err.Error(), "database.url") {
		t.Errorf("a first start without Postgres: %v, want an error that names database.url", err)
		if s != nil {
			s.Close()
		}
	}
}
