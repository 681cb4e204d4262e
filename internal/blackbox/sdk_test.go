package blackbox

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// task is one call of an SDK (clients/run.mjs).
type task struct {
	Case   string `json:"case"`
	Client string `json:"client"`
	Op     string `json:"op"`
	Text   string `json:"text"`
}

// result is what the program that used the SDK saw.
type result struct {
	Case  string `json:"case"`
	Text  string `json:"text"`
	Error *struct {
		Name    string `json:"name"`
		Status  int    `json:"status"`
		Message string `json:"message"`
	} `json:"error"`
	Requests int     `json:"requests"`
	FirstMS  float64 `json:"first_ms"`
	MS       float64 `json:"ms"`
}

// runSDKs runs tasks one after the other through the proxy as a person.
func runSDKs(t *testing.T, proxy *squid.Squid, person string, tasks []task) map[string]result {
	t.Helper()
	if _, err := os.Stat(filepath.Join("clients", "node_modules", "openai")); err != nil {
		t.Fatalf("the npm clients are not installed: %s", proc.Install)
	}
	in, err := json.Marshal(tasks)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), proc.Look(t, "node"), "run.mjs")
	cmd.Dir = "clients"
	cmd.Stdin, cmd.Stdout = bytes.NewReader(in), &out
	cmd.Env = append(os.Environ(), "PROXY="+proxy.Proxy(person), "NODE_EXTRA_CA_CERTS="+proxy.CAFile)
	if code := proc.Start(t, "node", cmd).Wait(t, 2*time.Minute); code != 0 {
		t.Fatalf("node ended with exit code %d", code)
	}
	results := map[string]result{}
	for line := range bytes.Lines(out.Bytes()) {
		var r result
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("read the clients' results: %v", err)
		}
		results[r.Case] = r
	}
	if len(results) != len(tasks) {
		t.Fatalf("%d results for %d tasks", len(results), len(tasks))
	}
	return results
}
