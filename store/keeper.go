package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/sluice-dlp/sluice/event"
)

// keeper writes roll-ups within a sink's transaction. It remembers what it has written, so
// that a batch touches only bitmaps and apps in which something is new. One batch at a time.
type keeper struct {
	people, devices, groups *interner
	gone                    erasures

	mu     sync.Mutex
	bits   map[dayApp]*roaring.Bitmap
	apps   map[string]appSeen
	words  map[word]bool
	staged []func() // what to remember once the transaction has committed
}

func newKeeper() *keeper {
	return &keeper{
		people: newInterner(internPeople()), devices: newInterner(internDevices()), groups: newInterner(internGroups()),
		bits: map[dayApp]*roaring.Bitmap{}, apps: map[string]appSeen{}, words: map[word]bool{},
	}
}

// forget drops everything remembered, after names were changed by this or another node.
func (k *keeper) forget() {
	for _, in := range []*interner{k.people, k.devices, k.groups} {
		in.forget()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.bits)
	clear(k.apps)
}

// rowIDs are the numbers of a row's names.
type rowIDs struct{ usr, device, grp int32 }

// resolve returns the numbers of the names in batch, in transactions of its own.
func (k *keeper) resolve(ctx context.Context, s *Store, batch []event.Numbered) ([]rowIDs, error) {
	ids := make([]rowIDs, len(batch))
	names := make([]string, len(batch))
	for _, one := range []struct {
		in   *interner
		name func(*event.Numbered) string
		set  func(*rowIDs, int32)
	}{
		{k.people, func(n *event.Numbered) string { return n.Event.User }, func(r *rowIDs, id int32) { r.usr = id }},
		{k.devices, func(n *event.Numbered) string { return n.Event.Device.ID }, func(r *rowIDs, id int32) { r.device = id }},
		{k.groups, (*event.Numbered).Groups, func(r *rowIDs, id int32) { r.grp = id }},
	} {
		for i := range batch {
			names[i] = one.name(&batch[i])
		}
		found, err := one.in.ids(ctx, s.db, names)
		if err != nil {
			return nil, fmt.Errorf("intern names: %w", err)
		}
		for i, id := range found {
			one.set(&ids[i], id)
		}
	}
	return ids, nil
}

// write adds r to the roll-up tables. After the transaction, settle says how it ended.
func (k *keeper) write(ctx context.Context, q querier, r *rollups) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.staged = k.staged[:0]
	if err := dropSpans(ctx, q.exec, spansOf(r.days()), "span"); err != nil {
		return err
	}
	if err := k.writeApps(ctx, q, r.seen); err != nil {
		return fmt.Errorf("roll up apps: %w", err)
	}
	if err := k.writeWords(ctx, q, r.routes); err != nil {
		return fmt.Errorf("roll up hosts and rules: %w", err)
	}
	if err := k.writePeople(ctx, q, r.people); err != nil {
		return fmt.Errorf("roll up people: %w", err)
	}
	for _, f := range r.frames() {
		if f.columns[0].len() == 0 {
			continue
		}
		if err := q.upsert(ctx, f); err != nil {
			return fmt.Errorf("roll up %s: %w", f.table, err)
		}
	}
	return nil
}

// settle remembers what was written, if it was committed.
func (k *keeper) settle(committed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if committed {
		for _, f := range k.staged {
			f()
		}
	}
	k.staged = k.staged[:0]
}

// freshness is how far last_ts of an app may lag.
const freshness = time.Hour

// appsChunk is how many apps one statement takes.
const appsChunk = 200

func (k *keeper) writeApps(ctx context.Context, q querier, seen map[string]*appSeen) error {
	var changed []string
	for app, now := range seen {
		have, known := k.apps[app]
		if known && have.name == now.name && have.category == now.category && have.status == now.status &&
			!now.first.Before(have.first) && now.last.Sub(have.last) < freshness {
			continue
		}
		if known && have.first.Before(now.first) {
			now.first = have.first
		}
		changed = append(changed, app)
		k.staged = append(k.staged, func() { k.apps[strings.Clone(app)] = now.clone() })
	}
	slices.Sort(changed) // all nodes in one order: no deadlock
	for part := range slices.Chunk(changed, appsChunk) {
		rows, args := make([]string, len(part)), make([]any, 0, 6*len(part))
		for i, app := range part {
			now := seen[app]
			rows[i] = "(" + placeholders(len(args)+1, 6) + ")"
			args = append(args, app, now.name, now.category, now.status, now.first, now.last)
		}
		err := q.exec(ctx, `INSERT INTO app (app, name, category, status, first_ts, last_ts) VALUES `+strings.Join(rows, ", ")+`
 ON CONFLICT (app) DO UPDATE SET name = excluded.name, category = excluded.category, status = excluded.status,
 first_ts = CASE WHEN excluded.first_ts < app.first_ts THEN excluded.first_ts ELSE app.first_ts END,
 last_ts = CASE WHEN excluded.last_ts > app.last_ts THEN excluded.last_ts ELSE app.last_ts END`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// word is a host or a rule that events have.
type word struct{ kind, word string }

// maxWords bounds what a keeper remembers, wordsChunk how many one statement takes.
const (
	maxWords   = 8192
	wordsChunk = 200
)

func (k *keeper) writeWords(ctx context.Context, q querier, routes map[route]struct{}) error {
	if len(k.words) > maxWords {
		clear(k.words)
	}
	var unknown []word
	for r := range routes {
		for _, w := range []word{{"host", r.host}, {"rule", r.rule}} {
			if !k.words[w] && w.word != "" {
				unknown = append(unknown, w)
			}
		}
	}
	slices.SortFunc(unknown, func(a, b word) int { return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.word, b.word)) })
	for part := range slices.Chunk(slices.Compact(unknown), wordsChunk) {
		rows, args := make([]string, len(part)), make([]any, 0, 2*len(part))
		for i, w := range part {
			rows[i] = "(" + placeholders(len(args)+1, 2) + ")"
			args = append(args, w.kind, w.word)
			k.staged = append(k.staged, func() { k.words[word{w.kind, strings.Clone(w.word)}] = true })
		}
		if err := q.exec(ctx, `INSERT INTO event_word (kind, word) VALUES `+strings.Join(rows, ", ")+` ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
	}
	return nil
}

// maxBitmaps bounds what a keeper remembers.
const maxBitmaps = 4096

// peopleChunk is how many bitmaps one statement takes.
const peopleChunk = 200

func (k *keeper) writePeople(ctx context.Context, q querier, people map[dayApp]map[uint32]struct{}) error {
	if len(k.bits) > maxBitmaps {
		clear(k.bits)
	}
	var need []dayApp
	for key, set := range people {
		have := k.bits[key]
		for usr := range set {
			if have == nil || !have.Contains(usr) {
				need = append(need, key)
				break
			}
		}
	}
	slices.SortFunc(need, func(a, b dayApp) int {
		if a.day != b.day {
			return int(a.day - b.day)
		}
		return strings.Compare(a.app, b.app)
	})
	for part := range slices.Chunk(need, peopleChunk) {
		if err := k.mergePeople(ctx, q, part, people); err != nil {
			return err
		}
	}
	return nil
}

// mergePeople reads the bitmaps of keys, adds people, and writes them.
func (k *keeper) mergePeople(ctx context.Context, q querier, keys []dayApp, people map[dayApp]map[uint32]struct{}) error {
	rows, wanted := make([]string, len(keys)), make([]string, len(keys))
	empty, args := make([]any, 0, 3*len(keys)), make([]any, 0, 2*len(keys))
	for i, key := range keys {
		empty = append(empty, key.day, key.app, []byte{})
		args = append(args, key.day, key.app)
		rows[i] = "(" + placeholders(3*i+1, 3) + ")"
		wanted[i] = "day = " + placeholders(2*i+1, 1) + " AND app = " + placeholders(2*i+2, 1)
	}
	insert := `INSERT INTO app_people (day, app, people) VALUES ` + strings.Join(rows, ", ") + ` ON CONFLICT (day, app) `
	// First a row to lock, where there is none.
	if err := q.exec(ctx, insert+`DO NOTHING`, empty...); err != nil {
		return err
	}
	merged := make(map[dayApp]*roaring.Bitmap, len(keys))
	err := q.each(ctx, func(scan func(dest ...any) error) error {
		var key dayApp
		var blob []byte
		if err := scan(&key.day, &key.app, &blob); err != nil {
			return err
		}
		bits, err := readBitmap(blob)
		merged[key] = bits
		return err
	}, `SELECT day, app, people FROM app_people WHERE `+strings.Join(wanted, " OR ")+` ORDER BY day, app`+q.forUpdate(), args...)
	if err != nil {
		return err
	}
	args = args[:0]
	for _, key := range keys {
		bits := merged[key]
		for usr := range people[key] {
			bits.Add(usr)
		}
		blob, err := bits.ToBytes()
		if err != nil {
			return err
		}
		args = append(args, key.day, key.app, blob)
		k.staged = append(k.staged, func() { k.bits[dayApp{key.day, strings.Clone(key.app)}] = bits })
	}
	return q.exec(ctx, insert+`DO UPDATE SET people = excluded.people`, args...)
}

// readBitmap reads a bitmap; empty bytes are an empty one.
func readBitmap(blob []byte) (*roaring.Bitmap, error) {
	bits := roaring.New()
	if len(blob) == 0 {
		return bits, nil
	}
	if err := bits.UnmarshalBinary(blob); err != nil {
		return nil, fmt.Errorf("bitmap of people: %w", err)
	}
	return bits, nil
}
