package blackbox

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// shellLines returns every command that a document shows.
func shellLines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range shellBlock.FindAllStringSubmatch(string(data), -1) {
		for line := range strings.Lines(block[1]) {
			if line, _, _ = strings.Cut(line, "  #"); strings.TrimSpace(line) != "" {
				out = append(out, strings.TrimSpace(line))
			}
		}
	}
	if len(out) < 5 {
		t.Fatalf("%s shows %d commands, want at least 5: the test looked in the wrong place", path, len(out))
	}
	return out
}

func TestDemoOnce(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Getenv(binaryEnv), "demo", "--once")
	cmd.Dir = t.TempDir() // no settings here: embedded defaults
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("sluice demo --once: %v\n%s", err, out)
	}
	t.Logf("after %s:\n%s", time.Since(start).Round(time.Millisecond), out)
	for _, verdict := range []string{"passed", "BLOCKED", "logged", "coached", "not AI"} {
		if !strings.Contains(string(out), verdict) {
			t.Errorf("no sample is %s", verdict)
		}
	}
	if strings.Contains(string(out), "WRONG") {
		t.Error("a verdict is wrong and the exit code is 0")
	}
}

// readmeCommands are the commands of README.md and what they must return here. Those that are
// empty run in other tests: make targets in CI and internal/house, serve in every test.
var readmeCommands = map[string]string{
	"make demo": "", "make build": "", "make test": "", "make check": "", "make chaos": "", "make console-large": "",
	"./bin/sluice check":                                      "exit 0",
	"./bin/sluice serve":                                      "",
	"sluice apps list --status unreviewed":                    "exit 0",
	"sluice apps status perplexity in_review":                 "exit 0",
	"sluice events list --action block --since 24h":           "exit 0",
	"sluice events report users --app chatgpt --since 7d":     "exit 0",
	"sluice events show 0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44": "exit 1", // no event has this id
	"sluice explain session.har --status chatgpt=approved":    "exit 0",
	"sluice exceptions list":                                  "exit 0",
	"sluice scan report.docx":                                 "exit 0",
	"sluice profiles test my-profiles/":                       "exit 0",
}

func TestReadmeCommands(t *testing.T) {
	lines := shellLines(t, "../../README.md")
	for known := range maps.Keys(readmeCommands) {
		if !slices.Contains(lines, known) {
			t.Errorf("README.md no longer shows %q: take it out of this test", known)
		}
	}
	node := newSluice(t, settings{files: map[string]string{
		"session.har":              `{"log":{"entries":[{"request":{"method":"POST","url":"https://chatgpt.com/backend-api/f/conversation","headers":[],"postData":{"mimeType":"application/json","text":"{}"}}}]}}`,
		"report.docx":              "No document at all, only a line of text.",
		"my-profiles/profile.yaml": "detectors:\n  - id: badge\n    name: Badge number\n    severity: low\n    patterns: [{re: 'BDG-\\d{6}', confidence: medium}]\n    tests: {match: ['BDG-123456'], clean: ['BDG-12']}\n",
	}})
	if err := os.Symlink(filepath.Dir(os.Getenv(binaryEnv)), filepath.Join(node.dir, "bin")); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		want, known := readmeCommands[line]
		if !known {
			t.Errorf("README.md shows %q, which no test runs: add it to readmeCommands", line)
		}
		if want == "" {
			continue
		}
		t.Run(line, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
			cmd.Dir = node.dir
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(os.Getenv(binaryEnv))+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if err != nil && cmd.ProcessState == nil {
				t.Fatal(err)
			}
			got := "exit 0"
			if code := cmd.ProcessState.ExitCode(); code != 0 {
				got = "exit " + string(rune('0'+code))
			}
			if got != want {
				t.Errorf("%s, want %s:\n%s", got, want, out)
			}
		})
	}
}

// TestSquidPageLeadsToABlockedPrompt runs the commands of docs/squid.md that try the set-up out,
// against a Squid with the configuration it recommends.
func TestSquidPageLeadsToABlockedPrompt(t *testing.T) {
	node := newSluice(t, settings{}) // the defaults, as on the page
	node.start()
	w := startWorld(t, node.icap, "")
	ran := 0
	for _, line := range shellLines(t, "../../docs/squid.md") {
		if !strings.HasPrefix(line, "curl ") && !strings.HasPrefix(line, "./bin/sluice icap") && !strings.HasPrefix(line, "./bin/sluice events") && !strings.HasPrefix(line, "squid -v") {
			continue
		}
		ran++
		command := strings.NewReplacer(
			"curl ", "curl --silent --show-error --max-time 30 ",
			"http://127.0.0.1:3128", "http://"+w.squid.Addr, "proxy-ca.crt", w.squid.CAFile,
			"127.0.0.1:1344", node.icap, "./bin/sluice events", os.Getenv(binaryEnv)+" events", "./bin/sluice", os.Getenv(binaryEnv),
			"squid -v", proc.Look(t, "squid")+" -v",
		).Replace(line)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Dir = node.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		checkPage(t, line, string(out))
	}
	if ran != 4 {
		t.Errorf("ran %d commands of docs/squid.md, want squid -v, icap options, curl and events list", ran)
	}
	page, err := os.ReadFile("../../docs/squid.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "'alice:"+squid.Password+"'") {
		t.Error("the page and the test no longer use the same password")
	}
}

// checkPage asserts what the page promises of a command.
func checkPage(t *testing.T, line, out string) {
	t.Helper()
	var want []string
	switch {
	case strings.HasPrefix(line, "squid -v"):
		want = []string{"Version ", "--with-openssl"}
	case strings.Contains(line, "icap options"):
		want = []string{"200", "Preview", "ISTag"}
	case strings.HasPrefix(line, "curl"):
		want = []string{answerOnPage(t), "Incident"}
	default:
		want = []string{"alice", "openai-api", "credit_card"}
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("%s does not print %q, but:\n%s", line, w, out)
		}
	}
}

// answerOnPage returns the beginning of the answer that docs/squid.md shows.
func answerOnPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/squid.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "```json\n")
	answer, _, cut := strings.Cut(block, " …")
	if !found || !cut {
		t.Fatal("docs/squid.md no longer shows an answer that ends in …")
	}
	return answer
}
