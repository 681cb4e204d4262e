package main

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dlp/sluice/config"
)

// put writes a file of the working directory.
func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestChangedFilesReloadTheRules starts a node as the README does: in the directory of the settings.
func TestChangedFilesReloadTheRules(t *testing.T) {
	inDir(t)
	put(t, "sluice.yaml", "icap: {listen: '127.0.0.1:0'}\nops: {listen: ''}\nconsole: {listen: ''}\npolicy: {file: policy.yaml}\nprofiles: {dirs: [own]}\n")
	put(t, "policy.yaml", "rules: []\n")
	put(t, "own/lists/names.txt", "Falcon\n")
	put(t, "own/names.yaml", "detectors: [{id: code_name, words: {file: lists/names.txt}}]\n")
	f, err := config.Load("sluice.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	read, write := io.Pipe()
	n, err := startNode(t.Context(), f, slog.New(slog.NewTextHandler(write, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(n.close(), write.Close()); err != nil {
			t.Error(err)
		}
	}()
	said, enough := make(chan string), make(chan struct{})
	defer close(enough)
	go func() {
		for lines := bufio.NewScanner(read); lines.Scan(); {
			select {
			case said <- lines.Text():
			case <-enough: // go on reading: the node still has something to say
			}
		}
	}()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil { // a node that has just begun takes it, too
		t.Fatal(err)
	}
	for !strings.Contains(<-said, "why=SIGHUP") { // the test's own limit ends this
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(rulesMetric(&n.stale))
	again := time.NewTicker(2 * time.Second) // the watcher may begin after the first change
	defer again.Stop()
	for _, c := range []struct {
		why, file, text, want string
		stale                 float64
	}{
		{"a policy beside the settings", "policy.yaml", "rules: [{id: a, action: block}]\n", "rules reloaded", 0},
		{"a broken policy", "policy.yaml", "rules: [{id: a, action: blck}]\n", "reload refused", 1},
		{"the policy mended", "policy.yaml", "rules: [{id: b, action: block}]\n", "rules reloaded", 0},
		{"a policy that a full disk has cut off", "policy.yaml", "", "policy.yaml is empty; write its rules, or leave policy.file out for the defaults", 1},
		{"the policy written again", "policy.yaml", "rules: [{id: b, action: block}]\n", "rules reloaded", 0},
		{"a word list in a directory below", "own/lists/names.txt", "Heron\n", "rules reloaded", 0},
	} {
		put(t, c.file, c.text)
		deadline := time.After(time.Minute)
		for heard := false; !heard; {
			select {
			case line := <-said:
				heard = strings.Contains(line, c.want)
			case <-again.C:
				put(t, c.file, c.text)
			case <-deadline:
				t.Fatalf("%s: the log does not say %q", c.why, c.want)
			}
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if got := families[0].GetMetric()[0].GetGauge().GetValue(); got != c.stale {
			t.Errorf("%s: sluice_rules_stale is %v, want %v", c.why, got, c.stale)
		}
	}
}

func TestWhichChangesReload(t *testing.T) {
	var f config.File
	f.DataDir, f.Policy.File, f.Profiles.Dirs = "data", "policy.yaml", []string{"."}
	everything := &node{config: &f}
	var g config.File
	g.DataDir, g.Policy.File, g.Catalogue.Dirs = "/var/lib/sluice", "/etc/sluice/policy.yaml", []string{"/etc/sluice/apps"}
	usual := &node{config: &g}
	cases := map[string]struct {
		node *node
		path string
		want bool
	}{
		"the policy":                             {usual, "/etc/sluice/policy.yaml", true},
		"beside the policy":                      {usual, "/etc/sluice/sluice.yaml", false},
		"the link of what Kubernetes mounts":     {usual, "/etc/sluice/..data", true},
		"an app":                                 {usual, "/etc/sluice/apps/x.yaml", true},
		"an app's fixture":                       {usual, "/etc/sluice/apps/x/1.json", true},
		"a directory whose name begins the same": {usual, "/etc/sluice/apps2/x.yaml", false},
		"as the watcher names it":                {everything, "./policy.yaml", true},
		"the database among the rules":           {everything, "./data/events.db-wal", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.node.isRuleFile(c.path); got != c.want {
				t.Errorf("%s: %v", c.path, got)
			}
		})
	}
}
