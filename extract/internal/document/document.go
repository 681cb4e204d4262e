// Package document finds the text in the bytes of one file: office documents, mail,
// archives and whatever is nested in them, within one budget.
package document

import (
	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

// Outcome says how far a file could be read.
type Outcome string

// The outcomes, worst last.
const (
	Complete    Outcome = "complete"
	Unsupported Outcome = "unsupported"
	Broken      Outcome = "broken"
	Partial     Outcome = "partial"
	Encrypted   Outcome = "encrypted"
)

// Part is the text of one part; Name is "" for the file itself.
type Part struct {
	Name string
	Text []byte
}

// Result is what was found in one file.
type Result struct {
	Outcome Outcome
	Limit   budget.Limit
	Parts   []Part
	Plain   bool            // the file is plain text in Charset: it has no Parts
	Charset charset.Charset // of a plain text
}

// Read reads one file. It never fails; what stopped it is in the Result.
func Read(left *budget.Budget, name string, data []byte) Result {
	if cs, ok := plain(data); ok {
		return Result{Outcome: Complete, Plain: true, Charset: cs}
	}
	return Result{Outcome: Unsupported, Parts: []Part{{Text: runs(data, 5)}}}
}
