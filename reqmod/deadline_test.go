package reqmod

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestLimit(t *testing.T) {
	var (
		soon  = func() time.Time { return time.Now().Add(5 * time.Millisecond) }
		later = func() time.Time { return time.Now().Add(time.Hour) }
	)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cases := map[string]struct {
		parent context.Context
		end    time.Time
		want   error
	}{
		"time is left":               {t.Context(), later(), nil},
		"its time is over":           {t.Context(), time.Now().Add(-time.Second), context.DeadlineExceeded},
		"its parent has ended":       {ended, later(), context.Canceled},
		"its parent's is over first": {limit(t.Context(), time.Now().Add(-time.Second)), later(), context.DeadlineExceeded},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := limit(c.parent, c.end)
			defer l.stop()
			for range 2 { // before and after somebody waits
				if err := l.Err(); !errors.Is(err, c.want) {
					t.Fatalf("Err is %v, want %v", err, c.want)
				}
				done := l.Done()
				if c.want != nil {
					<-done
				}
				select {
				case <-done:
					if c.want == nil {
						t.Fatal("Done is closed early")
					}
				default:
				}
			}
		})
	}
	t.Run("whoever waits is told when the time is over", func(t *testing.T) {
		l := limit(t.Context(), soon())
		defer l.stop()
		child, cancel := context.WithTimeout(l, time.Hour)
		defer cancel()
		<-child.Done()
		if err := context.Cause(child); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a child ends because of %v", err)
		}
	})
	t.Run("the earlier deadline counts", func(t *testing.T) {
		outer := limit(t.Context(), time.Unix(100, 0))
		if d, ok := limit(outer, time.Unix(200, 0)).Deadline(); !ok || !d.Equal(time.Unix(100, 0)) {
			t.Fatalf("deadline %v, %v", d, ok)
		}
	})
	t.Run("stopped, it has ended", func(t *testing.T) {
		l := limit(t.Context(), later())
		l.stop()
		if l.Err() == nil {
			t.Fatal("Err is nil")
		}
	})
}
