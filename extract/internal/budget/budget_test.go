package budget

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	cases := map[string]struct {
		limits Limits
		input  int
		got    int
		limit  Limit
	}{
		"within every limit":    {Limits{Expanded: 10, Member: 10, Time: time.Hour}, 10, 10, None},
		"the member is too big": {Limits{Expanded: 10, Member: 4, Time: time.Hour}, 5, 4, Member},
		"all is too big":        {Limits{Expanded: 3, Member: 4, Time: time.Hour}, 5, 3, Expanded},
		"the time is up":        {Limits{Expanded: 9, Member: 9}, 5, 0, Time},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := New(t.Context(), c.limits, nil)
			data, limit, err := b.Read(bytes.NewReader(make([]byte, c.input)))
			if len(data) != c.got || limit != c.limit || err != nil {
				t.Errorf("read %d bytes, limit %q, error %v; want %d, %q", len(data), limit, err, c.got, c.limit)
			}
		})
	}
}

func TestReadsShareOneBudget(t *testing.T) {
	b := New(t.Context(), Limits{Expanded: 6, Member: 5, Time: time.Hour}, nil)
	if data, limit, _ := b.Read(strings.NewReader("12345")); len(data) != 5 || limit != None {
		t.Errorf("first: %d bytes, limit %q", len(data), limit)
	}
	if data, limit, _ := b.Read(strings.NewReader("12345")); len(data) != 1 || limit != Expanded {
		t.Errorf("second: %d bytes, limit %q, want 1 and expanded", len(data), limit)
	}
}

func TestEnter(t *testing.T) {
	b := New(t.Context(), Limits{Depth: 2, Members: 2, Time: time.Hour}, nil)
	for i, want := range []Limit{None, Depth, Members} {
		if got := b.Enter([]int{2, 3, 1}[i]); got != want {
			t.Errorf("member %d: limit %q, want %q", i, got, want)
		}
	}
}
