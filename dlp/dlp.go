// Package dlp finds sensitive data in text with detectors and profiles written in YAML.
// It knows nothing of ICAP, HTTP, apps or policy.
package dlp

import (
	"errors"
	"fmt"
	"io"
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

var severityNames = [...]string{"", "low", "medium", "high", "critical"}

// String returns low, medium, high or critical.
func (s Severity) String() string {
	if int(s) >= len(severityNames) {
		return ""
	}
	return severityNames[s]
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, so that findings survive JSON.
func (s *Severity) UnmarshalText(b []byte) error {
	for i, name := range severityNames {
		if name == string(b) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("severity %q: want low, medium, high or critical", b)
}

// Confidence says how sure a finding is.
type Confidence uint8

// Confidences, weakest first.
const (
	Low Confidence = iota + 1
	Medium
	High
)

var confidenceNames = [...]string{"", "low", "medium", "high"}

// String returns low, medium or high.
func (c Confidence) String() string {
	if int(c) >= len(confidenceNames) {
		return ""
	}
	return confidenceNames[c]
}

// MarshalText implements encoding.TextMarshaler.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; empty text is the zero value.
func (c *Confidence) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = 0
		return nil
	}
	parsed, err := ParseConfidence(string(b))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// ParseConfidence reads low, medium or high.
func ParseConfidence(s string) (Confidence, error) {
	switch s {
	case "low":
		return Low, nil
	case "medium":
		return Medium, nil
	case "high":
		return High, nil
	}
	return 0, fmt.Errorf("confidence %q: want low, medium or high", s)
}

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
	Line        int        `json:"line"`   // from 1
	Column      int        `json:"column"` // in bytes, from 1
	Masked      string     `json:"masked"`
	Fingerprint string     `json:"fingerprint"`
	Part        string     `json:"part"`
	Role        string     `json:"role"`
	Evidence    []string   `json:"evidence"`

	Text     int  `json:"-"` // index into the texts given to Scan
	spread   span // beyond Start and End: what findings that gave way to this one claimed
	Rejected bool `json:"rejected,omitempty"` // only with Query.Explain: a candidate that was turned down; Evidence says why
}

// span is a stretch of a text; empty when it ends at 0.
type span struct{ start, end int64 }

// Spread returns the bytes to take out so that nothing of the finding is left: from Start to
// End, and what weaker findings of at least medium confidence that gave way to it claimed
// beyond. Those are of the same text.
func (f *Finding) Spread() (start, end int64) {
	if f.spread.end == 0 {
		return f.Start, f.End
	}
	return min(f.Start, f.spread.start), max(f.End, f.spread.end)
}

// Moved returns the finding as one of another text, where it lies by bytes further on. Its line
// and column are not known there.
func (f Finding) Moved(text int, by int64) Finding {
	if f.spread.end != 0 {
		f.spread.start, f.spread.end = f.spread.start+by, f.spread.end+by
	}
	f.Text, f.Start, f.End, f.Line, f.Column = text, f.Start+by, f.End+by, 0, 0
	return f
}

// spreadOver lets f cover what o, which gives way to it, would have taken out.
func (f *Finding) spreadOver(o *Finding) {
	start, end := f.Spread()
	otherStart, otherEnd := o.Spread()
	if otherStart < start || otherEnd > end {
		f.spread = span{min(start, otherStart), max(end, otherEnd)}
	}
}

// Query says what to scan for.
type Query struct {
	Profiles      []string   // nil: every detector of every loaded profile
	MinConfidence Confidence // findings below are dropped when Profiles is nil; zero means Medium
	Explain       bool       // keep rejected candidates too, as many as Options.MaxFindings
}

// Report is the result of one Scan. Complete is false when a limit or the deadline cut
// the scan short; Findings then hold what was seen so far.
type Report struct {
	Findings []Finding
	Bytes    int64
	Complete bool
	Limit    string // which limit cut the scan short: deadline, findings, decoding, read or engine
}

// Profile describes one loaded profile.
type Profile struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Detectors []string `json:"detectors"`
}
