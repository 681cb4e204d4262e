package reqmod

import (
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

// Sealer encrypts what was sent to a key that Sluice does not have. It must be safe for
// concurrent use.
type Sealer interface {
	Seal(p *event.Prompt) ([]byte, error)
}

// seal returns the texts of the request encrypted; nil when prompts are not kept or there
// is none.
func (c *call) seal() []byte {
	if c.h.o.Sealer == nil || c.doc == nil || len(c.doc.Texts) == 0 {
		return nil
	}
	p := &event.Prompt{}
	left := event.MaxPrompt
	for _, t := range c.doc.Texts {
		if left <= 0 {
			p.Cut = true
			break
		}
		data, size := t.Data, int64(len(t.Data))
		if t.Reader != nil {
			size = t.Size
			data = make([]byte, min(size, int64(left)))
			n, _ := t.Reader.ReadAt(data, 0) // what cannot be read is a gap of its own already
			data = data[:n]
		}
		data = data[:min(len(data), left)]
		p.Cut = p.Cut || int64(len(data)) < size
		left -= len(data)
		p.Texts = append(p.Texts, event.PromptText{Role: string(t.Role), Path: t.Path, Text: strings.ToValidUTF8(string(data), "\uFFFD")})
	}
	sealed, err := c.h.o.Sealer.Seal(p)
	if err != nil {
		c.h.o.Log.Error("prompt not kept", "error", err)
		return nil
	}
	return sealed
}
