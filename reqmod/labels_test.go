package reqmod

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestTheLabelledRequests compares what Explain calls a request with its label: the app, the
// activity, and how much of it was seen.
func TestTheLabelledRequests(t *testing.T) {
	w := newWorld(t, "", nil, Options{})
	names, err := filepath.Glob("../extract/testdata/requests/*.json")
	if err != nil || len(names) < 54 {
		t.Fatalf("%d cases, %v; want 54", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			ID, App, Method, URL, Action, Visibility string
			Headers                                  map[string]string
			Body                                     []byte `json:"body_base64"`
		}
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var header []string
		for k, v := range c.Headers {
			if k != "Host" && k != "Content-Length" {
				header = append(header, k+": "+v)
			}
		}
		app, activity := c.App, c.Action
		if app == "unknown" {
			app = "" // no AI app
		}
		if c.Visibility == "handshake" {
			activity = "session"
		}
		x := w.Explain(t.Context(), request(c.Method, c.URL, string(c.Body), header...))
		got := ""
		if x.App != nil {
			got = x.App.ID
		}
		if got != app || x.Activity != activity || x.Visibility != c.Visibility {
			t.Errorf("%s: app %q, %s, %s; want %q, %s, %s", c.ID, got, x.Activity, x.Visibility, app, activity, c.Visibility)
		}
	}
}
