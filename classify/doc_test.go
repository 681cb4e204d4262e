package classify

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// What docs/catalogue.md shows is a catalogue.
func TestDocumentedFilesLoad(t *testing.T) {
	data, err := os.ReadFile("../docs/catalogue.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for i, block := range strings.Split(string(data), "```") {
		lang, text, _ := strings.Cut(block, "\n")
		switch {
		case lang == "yaml" && strings.HasPrefix(text, "id:"):
			files[fmt.Sprintf("%d.yaml", i)] = text
		case lang == "json":
			files["fixtures/acme-assistant/ask.json"] = text
		}
	}
	if len(files) != 3 {
		t.Fatalf("found %d files in the document, want 3", len(files))
	}
	c, err := Load(Builtin(), yamlFS(files))
	if err != nil {
		t.Fatal(err)
	}
	var f Fixture
	for _, one := range c.Fixtures() {
		if one.App == "acme-assistant" {
			f = one
		}
	}
	if m, ok := c.Lookup(request(t, f.Method, f.URL, f.Headers)); !ok || m.App.ID != "acme-assistant" || m.Activity() != f.Activity {
		t.Errorf("the documented fixture is %+v", m)
	}
	if app, _ := c.App("chatgpt"); app.Status != "approved" {
		t.Errorf("chatgpt is %s, want what the document says", app.Status)
	}
}
