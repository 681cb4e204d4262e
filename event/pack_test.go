package event

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// packedRows makes rows that differ from each other a little, or a lot.
func packedRows(tb testing.TB, n int) []*Numbered {
	tb.Helper()
	rnd := rand.New(rand.NewPCG(7, 9))
	rows := make([]*Numbered, n)
	for i := range rows {
		e := &Event{
			ID: NewID(time.Unix(1_790_000_000+int64(i), 0)), Node: "gw1", User: "alice", Groups: []string{"staff"}, App: App{ID: "chatgpt"},
			Activity: "prompt", Method: "POST", Path: "/c", BytesOut: rnd.Int64N(1 << 40), Decision: Decision{Action: "log"},
		}
		switch rnd.IntN(4) {
		case 0:
			e.User, e.Path, e.Gaps = "", strings.Repeat("é", rnd.IntN(500)), []string{"too_large"}
		case 1:
			e.Matches = []Match{{Detector: "iban", Count: 1 + rnd.IntN(3)}}
			e.Sealed = make([]byte, 1+rnd.IntN(300))
		}
		rows[i] = new(Numbered)
		if err := rows[i].render(e, int64(rnd.IntN(3))); err != nil {
			tb.Fatal(err)
		}
	}
	return rows
}

func TestPack(t *testing.T) {
	rows := packedRows(t, 1000)
	for i, row := range rows {
		row.Seq = int64(i + 1)
		row.Counts = i < 500
	}
	var p packer
	var u unpacker
	packs, at := 0, 0
	for at < len(rows) {
		kind, end := kindCount, 500
		if at >= 500 {
			kind, end = kindEvent, len(rows)
		}
		n := p.pack(kind, rows[at:end])
		err := u.each(rows[at+n-1].Seq, int64(n), string(p.body), func() error {
			if want := rows[at]; !reflect.DeepEqual(u.row, *want) {
				t.Fatalf("row %d is\n%+v\nwant\n%+v", at, u.row, *want)
			}
			at++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		packs++
	}
	if want := 4; packs != want {
		t.Errorf("%d packs, want %d of at most %d rows", packs, want, packRows)
	}
	large := packedRows(t, 3)
	for _, row := range large {
		row.raw.sealed = make([]byte, packBytes)
	}
	if n := p.pack(kindEvent, large); n != 1 {
		t.Errorf("a pack of %d rows, want to end after the first, which is large", n)
	}
}

func TestDamagedPack(t *testing.T) {
	var p packer
	n := int64(p.pack(kindEvent, packedRows(t, 20)))
	body := string(p.body)
	read := func(last, n int64, body string) (rows int64, err error) {
		var u unpacker
		err = u.each(last, n, body, func() error { rows++; return nil })
		return rows, err
	}
	if rows, err := read(n, n, body); rows != n || err != nil {
		t.Fatalf("%d rows of %d: %v", rows, n, err)
	}
	for name, c := range map[string]struct {
		last, n int64
		body    string
	}{
		"of a later version":      {n, n, "\x02" + body[1:]},
		"empty":                   {n, n, ""},
		"cut":                     {n, n, body[:len(body)-1]},
		"with bytes behind it":    {n, n, body + "\x00"},
		"with fewer rows":         {n, n - 1, body},
		"with more rows":          {n + 1, n + 1, body},
		"of no rows":              {n, 0, "\x01"},
		"numbered before 1":       {n - 1, n, body},
		"with unknown columns":    {1, 1, "\x01\xff\xff\xff\xff\xff\xff\x01"},
		"with a mask too long":    {1, 1, "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"},
		"with a text beyond end":  {1, 1, "\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
		"with a seal beyond end":  {1, 1, "\x01\x80\x80\x80\x80\x10\x05abc"},
		"that ends in its number": {1, 1, "\x01\x80"},
	} {
		if _, err := read(c.last, c.n, c.body); err == nil {
			t.Errorf("a pack %s is read", name)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	var p packer
	f.Add(int64(20), int64(p.pack(kindEvent, packedRows(f, 20))), append([]byte(nil), p.body...))
	f.Add(int64(5), int64(p.pack(kindCount, packedRows(f, 3))), append([]byte(nil), p.body...))
	f.Add(int64(1), int64(1), []byte("\x01\x00"))
	f.Fuzz(func(t *testing.T, last, n int64, body []byte) {
		var u unpacker
		var rows []*Numbered
		kinds := map[int]bool{}
		err := u.each(last, n, string(body), func() error {
			row := u.row
			rows = append(rows, &row)
			kinds[u.row.kind()] = true
			return nil
		})
		if int64(len(rows)) > max(n, 0) {
			t.Fatalf("%d rows of %d", len(rows), n)
		}
		if err != nil || len(kinds) != 1 || len(rows) > packRows {
			return
		}
		// What was read is written, and read again.
		var again unpacker
		at := 0
		for at < len(rows) {
			packed := p.pack(rows[at].kind(), rows[at:])
			if err := again.each(rows[at+packed-1].Seq, int64(packed), string(p.body), func() error {
				if !reflect.DeepEqual(again.row, *rows[at]) {
					t.Fatalf("row %d is\n%+v\nwant\n%+v", at, again.row, *rows[at])
				}
				at++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
