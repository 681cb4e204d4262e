package extract_test

import (
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// A word of which each letter has a style of its own is one text to its reader.
func TestRunsOfEditorsGoOnWithEachOther(t *testing.T) {
	cases := map[string]string{
		"Slack":       `{"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"first half"},{"type":"text","text":"other half"}]}]}]}`,
		"Quill":       `{"ops":[{"insert":"first half"},{"insert":"other half"}]}`,
		"ProseMirror": `{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"first half"},{"type":"text","text":"other half"}]}]}`,
		"Lexical":     `{"root":{"children":[{"type":"paragraph","children":[{"type":"text","text":"first half"},{"type":"text","text":"other half"}]}]}}`,
	}
	for name, body := range cases {
		t.Run(name, func(t *testing.T) {
			d := extract.New(extract.Options{}).Extract(t.Context(), extract.Input{Method: "POST", Header: headers("Content-Type", "application/json"), Body: inMemory([]byte(body))})
			for i, text := range d.Texts {
				if string(text.Data) == "first half" {
					if next := text.Next; next <= i || string(d.Texts[next].Data) != "other half" {
						t.Errorf("goes on with text %d", next)
					}
					return
				}
			}
			t.Errorf("not found among %d texts", len(d.Texts))
		})
	}
}
