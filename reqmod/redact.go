package reqmod

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
)

// redact cuts what the deciding rule's profiles found, in its roles, out of the body.
func (c *call) redact() {
	if c.doc == nil {
		return
	}
	var cuts []extract.Cut
	values := 0
	for _, f := range united(c.decisive()) {
		for _, text := range c.reading.copiesOf(f.Text) {
			values++
			f.Text = text
			for _, cut := range c.cuts(&f) {
				cut.With = c.label(f, cut.End-cut.Start)
				cuts = append(cuts, cut)
			}
		}
	}
	body, err := c.doc.Rewrite(cuts)
	if err == nil && len(cuts) > 0 {
		c.redacted = body
		c.decision.Reason += "; values redacted: " + strconv.Itoa(values) // the note in the event
	}
}

// united puts findings that share bytes of a text together, under the name of the one that
// begins first, the longest of those: one value then has one mask, of the length of the whole.
func united(findings []dlp.Finding) []dlp.Finding {
	for i := range findings {
		findings[i].Start, findings[i].End = findings[i].Spread()
	}
	slices.SortStableFunc(findings, func(a, b dlp.Finding) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	out := findings[:0]
	for _, f := range findings {
		if n := len(out); n > 0 && out[n-1].Text == f.Text && f.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, f.End)
			continue
		}
		out = append(out, f)
	}
	return out
}

// label is what takes the place of size bytes of a finding. Where the body must keep its length
// it is as long as what it replaces.
func (c *call) label(f dlp.Finding, size int) string {
	label := dlp.Redaction(f)
	switch {
	case !c.doc.FixedSize():
		return label
	case len(label) > size:
		return strings.Repeat("*", size)
	}
	return label + strings.Repeat("*", size-len(label))
}
