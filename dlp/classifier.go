package dlp

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/dlp/internal/code"
)

// classifiers are the built-in ones, by the name that YAML gives them.
var classifiers = []string{"source_code"}

func (r *reader) classifier(n *yaml.Node) finder {
	switch r.choice(n, "classifier", classifiers...) {
	case 0:
		return sourceCode{}
	}
	return nil
}

// sourceCode finds blocks of program code of at least three lines.
type sourceCode struct{}

// sureLines is how long a block must be for high confidence.
const sureLines = 8

func (sourceCode) find(text []byte, hit func(start, end int, c Confidence, evidence string)) {
	code.Find(text, func(b code.Block) {
		c := Medium
		if b.Lines >= sureLines && 4*b.Code >= 3*b.Lines {
			c = High
		}
		hit(b.Start, b.End, c, fmt.Sprintf("classifier source_code: %d of %d lines", b.Code, b.Lines))
	})
}
