// Package dlp finds sensitive data in text with detectors and profiles written in YAML.
// It knows nothing of ICAP, HTTP, apps or policy.
package dlp

import (
	"context"
	"errors"
	"io"
	"io/fs"
)

// Severity orders what a detector's finding means to the owner of the data.
type Severity uint8

// Severities, weakest first.
const (
	SeverityLow Severity = iota + 1
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

// String returns low, medium, high or critical.
func (s Severity) String() string { return "" }

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Confidence says how sure a finding is.
type Confidence uint8

// Confidences, weakest first.
const (
	Low Confidence = iota + 1
	Medium
	High
)

// String returns low, medium or high.
func (c Confidence) String() string { return "" }

// MarshalText implements encoding.TextMarshaler.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseConfidence reads low, medium or high.
func ParseConfidence(s string) (Confidence, error) { return 0, nil }

// ErrProfile is wrapped by every error that a profile author can mend.
var ErrProfile = errors.New("dlp: bad profile")

// Text is one piece of content to scan. Scan does not keep it. Large content has
// Reader and Size instead of Data and is scanned in windows to its end.
type Text struct {
	Part   string // "messages[0].content"
	Role   string // user | context | system | file
	Data   []byte
	Reader io.ReaderAt
	Size   int64
}

// Finding says where a detector matched, never what it matched (JSON: DESIGN 4.3).
type Finding struct {
	Detector    string     `json:"detector"`
	Profiles    []string   `json:"profiles"`
	Severity    Severity   `json:"severity"`
	Confidence  Confidence `json:"confidence"`
	Start       int64      `json:"start"` // byte offsets in the text
	End         int64      `json:"end"`
	Line        int        `json:"line"`
	Column      int        `json:"column"`
	Masked      string     `json:"masked"`
	Fingerprint string     `json:"fingerprint"`
	Part        string     `json:"part"`
	Role        string     `json:"role"`
	Evidence    []string   `json:"evidence"`

	Text     int  `json:"-"`                  // index into the texts given to Scan
	Rejected bool `json:"rejected,omitempty"` // only with Query.Explain: a candidate that was turned down; Evidence says why
}

// Query says what to scan for.
type Query struct {
	Profiles      []string   // nil: every detector of every loaded profile
	MinConfidence Confidence // findings below are dropped when Profiles is nil; zero means Medium
	Explain       bool       // keep rejected candidates too
}

// Report is the result of one Scan. Complete is false when a limit or the deadline cut
// the scan short; Findings then hold what was seen so far.
type Report struct {
	Findings []Finding
	Bytes    int64
	Complete bool
	Limit    string // which limit cut the scan short
}

// Rules are parsed and validated detectors and profiles.
type Rules struct{}

// Load parses every *.yaml under each file system. A later source overrides by id.
// Its error joins every mistake, each with file, line and remedy, and wraps [ErrProfile].
// A file whose own tests fail is a mistake.
func Load(sources ...fs.FS) (*Rules, error) { return &Rules{}, nil }

// Options bound an Engine. Zero fields mean their documented defaults.
type Options struct {
	Key         []byte // for Finding.Fingerprint; required, 32 bytes
	MaxFindings int    // a scan stops collecting beyond it; default 10,000
}

// Engine is an immutable compiled set of rules, safe for concurrent use. Reload by
// building a new one.
type Engine struct{}

// New compiles rules.
func New(r *Rules, o Options) (*Engine, error) { return &Engine{}, nil }

// Scan returns the findings ordered by text, start and detector. When ctx ends, Report
// is not Complete.
func (e *Engine) Scan(ctx context.Context, q Query, texts ...Text) Report {
	return Report{Complete: true}
}

// Triggers reports whether findings, of those with one of roles (nil: all), satisfy the
// profile's trigger.
func (e *Engine) Triggers(profile string, roles []string, findings []Finding) bool { return false }

// HasProfile reports whether a profile of that id is loaded.
func (e *Engine) HasProfile(id string) bool { return false }

// Profile describes one loaded profile.
type Profile struct {
	ID, Name  string
	Detectors []string
}

// Profiles returns all loaded profiles sorted by id.
func (e *Engine) Profiles() []Profile { return nil }

// Redaction returns what takes the place of a finding's bytes: "[credit_card]".
func Redaction(f Finding) string { return "[" + f.Detector + "]" }

// MaskAll returns text with the findings' ranges replaced by blocks; text must be the
// one the findings came from. Used for excerpts, paths and file names.
func MaskAll(text []byte, fs []Finding) string { return "" }

// Version identifies the compiled rules (ISTag, events, bug reports).
func (e *Engine) Version() string { return "" }
