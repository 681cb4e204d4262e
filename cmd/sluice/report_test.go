package main

import (
	"os"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

func TestEveryReportOnTheCommandLine(t *testing.T) {
	inDir(t)
	t.Setenv("SLUICE_DATA_DIR", t.TempDir())
	code, _, errOut := sluice(t, "", "events", "report", "apps")
	if code != exitFine {
		t.Fatalf("without events: exit %d: %s", code, errOut)
	}
	record(t, 3)
	for name := range reports {
		code, out, errOut := sluice(t, "", "events", "report", name, "--json")
		if code != exitFine {
			t.Errorf("%s: exit %d: %s", name, code, errOut)
		}
		if want := `"alice\u001b"`; strings.HasPrefix(name, "un") && !strings.Contains(out, want) {
			t.Errorf("%s: %q does not say %s", name, out, want)
		}
	}
	code, out, _ := sluice(t, "", "events", "report", "users", "--app", "chatgpt")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitFine || len(lines) != 2 || strings.Fields(lines[0])[0] != "NAME" || strings.Join(strings.Fields(lines[1])[:2], " ") != `"alice\x1b" 3` {
		t.Errorf("users of an app: exit %d: %q", code, out)
	}
	for _, bad := range [][]string{{"nothing"}, {"apps", "--since", "1d", "--until", "2d"}, {"apps", "--since", "x"}} {
		if code, _, errOut := sluice(t, "", append([]string{"events", "report"}, bad...)...); code != exitUsage || errOut == "" {
			t.Errorf("%v: exit %d: %q, want %d and why", bad, code, errOut, exitUsage)
		}
	}
}

func TestAnExportOfLinesHasTwoNames(t *testing.T) {
	inDir(t)
	t.Setenv("SLUICE_DATA_DIR", t.TempDir())
	record(t, 3)
	_, want, _ := sluice(t, "", "events", "export", "--format", "jsonl")
	code, got, errOut := sluice(t, "", "events", "export", "--format", "ndjson")
	if code != exitFine || got != want || strings.Count(got, "\n") != 3 {
		t.Errorf("exit %d: %s%s; want the three lines that jsonl gives: %s", code, got, errOut, want)
	}
}

// record leaves n prompts of alice in the store of the settings.
func record(t *testing.T, n int) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{DataDir: os.Getenv("SLUICE_DATA_DIR")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := event.Open(t.Context(), s.OutboxDB(), event.Options{IsStore: true})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- r.Run(t.Context(), s.Sink()) }()
	for range n {
		e := &event.Event{
			User: "alice\x1b", Groups: []string{}, Actor: "person", Activity: "prompt", Visibility: "full",
			App: event.App{ID: "chatgpt", Name: "ChatGPT", Status: "unapproved"}, Decision: event.Decision{Action: "block", Would: "block", Mode: "enforce"},
		}
		if err := r.Record(t.Context(), e, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
}
