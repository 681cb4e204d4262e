package event

import "sync"

// Limits of what the writer keeps for the feeds; one that is further behind reads the file.
const (
	tailRows  = 4096
	tailBytes = 8 << 20
)

// tail is the end of the outbox in memory: a sink that keeps up is fed without reading back
// what was just written. It is safe for concurrent use.
type tail struct {
	mu    sync.Mutex
	rows  []*Numbered // with consecutive numbers
	bytes int
}

// size is about what a row takes.
func (row *Numbered) size() int { return 1024 + len(row.raw.detail) + len(row.raw.sealed) }

// add appends rows that are on disk. Those up to reached, which every feed has, are dropped;
// when there is no feed, it is negative.
func (t *tail) add(rows []*Numbered, reached int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.rows); n > 0 && t.rows[n-1].Seq+1 != rows[0].Seq { // others wrote to the file as well
		t.rows, t.bytes = nil, 0
	}
	if reached < 0 {
		t.rows, t.bytes = nil, 0
		return
	}
	t.rows = append(t.rows, rows...)
	for _, row := range rows {
		t.bytes += row.size()
	}
	drop := 0
	for _, row := range t.rows {
		if row.Seq > reached && len(t.rows)-drop <= tailRows && t.bytes <= tailBytes {
			break
		}
		t.bytes -= row.size()
		drop++
	}
	t.rows = append(t.rows[:0:0], t.rows[drop:]...)
}

// after returns the rows that follow number seq, or none when the file has to be asked.
func (t *tail) after(seq int64) []*Numbered {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rows) == 0 || t.rows[0].Seq > seq+1 || t.rows[len(t.rows)-1].Seq <= seq {
		return nil
	}
	return t.rows[seq+1-t.rows[0].Seq:]
}
