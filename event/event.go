// Package event says what happened, and records it durably without slowing a request.
package event

import (
	"context"
	"time"
)

// Event is one record (JSON: DESIGN 4.8).
type Event struct {
	ID         string    `json:"id"` // UUIDv7
	Time       time.Time `json:"time"`
	Node       string    `json:"node"`
	Snapshot   string    `json:"snapshot"`
	User       string    `json:"user"`
	Groups     []string  `json:"groups"`
	Actor      string    `json:"actor"`
	Account    Account   `json:"account"`
	Source     Source    `json:"source"`
	Device     Device    `json:"device"`
	App        App       `json:"app"`
	Activity   string    `json:"activity"`
	Visibility string    `json:"visibility"`
	Method     string    `json:"method"`
	Host       string    `json:"host"`
	Path       string    `json:"path"`
	BytesOut   int64     `json:"bytes_out"`
	BytesIn    int64     `json:"bytes_in"`
	Files      []File    `json:"files"`
	Matches    []Match   `json:"matches"`
	Gaps       []string  `json:"gaps"`
	Decision   Decision  `json:"decision"`
	Trace      []Step    `json:"trace"`
	Exception  *string   `json:"exception"`
	LatencyUS  int64     `json:"latency_us"`
	Count      int64     `json:"count,omitempty"` // > 1 for folded events

	// Sealed is the prompt, encrypted to the customer's key; at most 1 MiB is kept. It is
	// read with the store's Payload, never with the event.
	Sealed []byte `json:"-"`
}

// Account is the account the request was made with.
type Account struct {
	ID   string `json:"id,omitempty"`
	Plan string `json:"plan,omitempty"`
	Kind string `json:"kind"`
}

// Source is where the request came from.
type Source struct {
	IP      string `json:"ip"`
	Country string `json:"country,omitempty"`
	Site    string `json:"site,omitempty"`
}

// Device is what the proxy told of the device.
type Device struct {
	ID      string `json:"id,omitempty"`
	Posture string `json:"posture,omitempty"`
}

// App is the app as it was at the time.
type App struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category string `json:"category"`
	Status   string `json:"status"`
	Source   string `json:"source"`
}

// File is an uploaded file; Name is masked and Hash keyed.
type File struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Size    int64  `json:"size"`
	Hash    string `json:"hash,omitempty"`
	Outcome string `json:"outcome"`
}

// Match is all findings of one detector in one part.
type Match struct {
	Detector     string   `json:"detector"`
	Profiles     []string `json:"profiles"`
	Severity     string   `json:"severity"`
	Confidence   string   `json:"confidence"`
	Count        int      `json:"count"`
	Masked       []string `json:"masked"`
	Fingerprints []string `json:"fingerprints"`
	Part         string   `json:"part"`
	Role         string   `json:"role,omitempty"`
	Excerpt      string   `json:"excerpt"`
}

// Decision is what was decided and why.
type Decision struct {
	Action   string   `json:"action"`
	Would    string   `json:"would"`
	Rule     string   `json:"rule"`
	Reason   string   `json:"reason"`
	Profiles []string `json:"profiles,omitempty"`
	Mode     string   `json:"mode"`
}

// Step is one line of the decision's trace.
type Step struct {
	Rule   string `json:"rule"`
	When   bool   `json:"when"`
	Match  bool   `json:"match,omitempty"`
	Mode   string `json:"mode,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Numbered is a row of the outbox with its number. Numbers start at 1, rise, and are never
// used again; a missing one was dropped by retention, after every sink had taken it.
type Numbered struct {
	Seq   int64
	Event Event
	// Counts says that the row is no event of its own: it adds its requests and bytes to
	// the roll-ups, and to the event of the same id when there is one. Only a [RowSink]
	// gets such rows.
	Counts bool

	raw raw
}

// Sink takes events from the outbox in order. Write must be idempotent for a range of
// numbers: it is called again with the same first number after a failure.
type Sink interface {
	Name() string
	// Position returns the number of the last event of that outbox the sink holds; 0 for
	// an outbox it does not know.
	Position(ctx context.Context, outbox string) (int64, error)
	// Write stores batch, whose numbers follow after. After a success the position is the
	// number of the last event of batch. The slice is not the sink's once Write has returned.
	Write(ctx context.Context, outbox string, after int64, batch []Numbered) error
}

// Preparer is a Sink that can do most of a batch's work while the batch before it is being
// committed.
type Preparer interface {
	Sink
	// Prepare does what does not depend on the batch before; it may be called while others are
	// prepared. Of what it returns, one method is called once. The slice is not the sink's once
	// Prepare has returned.
	Prepare(ctx context.Context, outbox string, batch []Numbered) (Prepared, error)
}

// Prepared is a batch that a Preparer holds.
type Prepared interface {
	// Commit ends what Write does, on the same terms.
	Commit(ctx context.Context, after int64) error
	// Abort forgets the batch.
	Abort()
}

// RowSink is a Sink that takes rows as they are: also those that only count, and with
// groups, matches, files and trace undecoded until [Numbered.Open].
type RowSink interface {
	Sink
	// Frees says that the outbox may drop rows that this and all other running sinks hold.
	Frees() bool
}
