package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestMain lets the test binary be the child process that reads documents.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "extract-worker" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// sluice runs the command line in this process.
func sluice(t *testing.T, stdin string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, strings.NewReader(stdin), &o, &e)
	return code, o.String(), e.String()
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	n := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		n++
		if c.Short == "" {
			t.Errorf("%s: no description", c.CommandPath())
		}
		if !c.HasSubCommands() && !strings.Contains(c.Example, "sluice ") {
			t.Errorf("%s: no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRoot())
	if n < 25 {
		t.Fatalf("saw %d commands, want at least 25", n)
	}
}

func TestWhatCannotBeReadKeepsNothingFromTheRest(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.txt", []byte("card 4111 1111 1111 1111"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := sluice(t, "", "scan", "nowhere", "a.txt", "--format", "sarif")
	if code != exitFound || !strings.Contains(out, `"ruleId": "credit_card"`) || !strings.Contains(errOut, "nowhere") {
		t.Errorf("scan: exit %d: %s %s", code, out, errOut)
	}
	code, out, errOut = sluice(t, "", "extract", "nowhere", "a.txt")
	if code != exitFound || !strings.Contains(out, "4111") || !strings.Contains(errOut, "nowhere") {
		t.Errorf("extract: exit %d: %s %s", code, out, errOut)
	}
}

func TestAFilesOwnNameIsScanned(t *testing.T) {
	inDir(t)
	const number = "4111 1111 1111 1111"
	put(t, "lists/refund_for_card_4111_1111_1111_1111.txt", "nothing")
	put(t, "lists/4111111111111111.txt", "nothing") // a bare number is a name that cameras give
	put(t, "lists/plain.txt", "card "+number)
	code, out, errOut := sluice(t, "", "scan", "lists", "--format", "json", "--reveal")
	want := map[string]string{
		"lists/refund_for_card_4111_1111_1111_1111.txt": "(name)16-35 " + number, "lists/4111111111111111.txt": "", "lists/plain.txt": "5-24 " + number,
	}
	if code != exitFound || strings.Count(out, "\n") != len(want) {
		t.Fatalf("exit %d, %d lines: %s", code, strings.Count(out, "\n"), errOut)
	}
	for line := range strings.Lines(out) {
		var file struct {
			Path     string
			Findings []struct {
				Part, Value string
				Start, End  int
			}
		}
		if err := json.Unmarshal([]byte(line), &file); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range file.Findings {
			got += fmt.Sprintf("%s%d-%d %s", f.Part, f.Start, f.End, f.Value)
		}
		if got != want[file.Path] {
			t.Errorf("%s: found %q, want %q", file.Path, got, want[file.Path])
		}
	}
	for format, want := range map[string]string{"table": "1111.txt > (name):1:17", "sarif": "confidence) in (name)"} {
		if _, out, _ := sluice(t, "", "scan", "lists", "--format", format); !strings.Contains(out, want) {
			t.Errorf("--format %s does not say %q: %s", format, want, out)
		}
	}
	if code, out, _ := sluice(t, "nothing", "scan", "-"); code != exitFine {
		t.Errorf("standard input has no name: %s", out)
	}
}

func TestLinesAreNamedByTheirNumber(t *testing.T) {
	inDir(t)
	for text, want := range map[string]string{
		"\ufeff{\"id\":1,\"text\":\"a\"}\r\n\r\nnonsense\n":                     "sluice: -: line 3: want {\"id\": …, \"text\": \"…\"}\n",
		"{\"id\":1,\"text\":\"a\"}\n" + strings.Repeat("x", maxLine+1) + "\n{}": "sluice: -: line 2: longer than 64 MiB\n",
	} {
		code, out, errOut := sluice(t, text, "scan", "--jsonl", "-")
		if code != exitFound || out != "{\"id\":1,\"findings\":[]}\n" || errOut != want {
			t.Errorf("exit %d: %s%s, want %s", code, out, errOut, want)
		}
	}
	if _, out, _ := sluice(t, "\ufeffchatgpt.com\r\n", "classify", "--json", "-"); !strings.Contains(out, `"app":"chatgpt"`) {
		t.Errorf("classify: %s", out)
	}
}

func TestLongValuesAreCutInMessages(t *testing.T) {
	t.Chdir(t.TempDir())
	long := strings.Repeat("ü", 4000)
	if err := os.WriteFile("p.yaml", []byte("detectors:\n  - {id: "+long+", name: n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"a command": {long}, "a flag": {"scan", "--" + long}, "an app": {"apps", "show", long}, "an event": {"events", "show", long},
		"a file": {"extract", long}, "the id of a detector": {"profiles", "lint", "p.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := sluice(t, "", args...)
			if text := out + errOut; code == exitFine || len(text) > 1000 || !strings.Contains(text, strings.Repeat("ü", 25)) || !strings.Contains(text, "…") {
				t.Errorf("exit %d, %d bytes: %.1000s", code, len(text), text)
			}
		})
	}
}

func TestShortLeavesWhatIsNotQuoted(t *testing.T) {
	list := strings.Repeat("word, ", 40)
	for _, s := range []string{`unknown "a" (one of ` + list + `); unknown "b"`, `a " alone, ` + list, `"a"` + "\n" + list + `"b"`, `("` + strings.Repeat("x", 100) + `")`} {
		if got := short(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got, want := short(`id "`+strings.Repeat(`\"`, 100)+`": "b"`), `id "`+strings.Repeat(`\"`, 29)+`…": "b"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWrongUseExitsWithTwo(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, args := range map[string][]string{
		"an unknown command":          {"sacn"},
		"an unknown subcommand":       {"events", "lsit"},
		"help for what is no command": {"help", "nope"},
		"an unknown flag":             {"scan", "--formt", "json", "-"},
		"a missing argument":          {"classify"},
		"a value that does not fit":   {"scan", "-", "--format", "xml"},
		"a status that is not one":    {"apps", "status", "chatgpt", "fine"},
		"an address that is not one":  {"icap", "options", "127.0.0.1"},
		"an action that is not one":   {"events", "list", "--action", "zap"},
		"an activity that is none":    {"events", "export", "--activity", "chat"},
		"a limit below nothing":       {"events", "list", "--limit", "-1"},
		"a limit of nothing":          {"events", "report", "apps", "--limit", "0"},
		"a limit that is no number":   {"exceptions", "list", "--limit", "all"},
		"a format that is none":       {"events", "export", "--format", "xml"},
		"a period that ends first":    {"events", "list", "--since", "1h", "--until", "2h"},
		"a day that is none":          {"events", "list", "--since", "2026-13-01"},
		"a status of no app":          {"explain", "x.har", "--status", "chatgtp=approved"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errOut := sluice(t, "", args...)
			if code != exitUsage || !strings.Contains(errOut, "--help") {
				t.Errorf("exit %d, want %d with a hint; stderr: %s", code, exitUsage, errOut)
			}
		})
	}
}

func TestAnUnknownFlagIsToldWithTheOneThatWasMeant(t *testing.T) {
	for args, want := range map[string]string{
		"serve --icap-listen :1": `unknown flag: --icap-listen (did you mean "--icap.listen"?)`,
		"scan --formt json -":    `unknown flag: --formt (did you mean "--format"?)`,
		"check --confg a.yaml":   `unknown flag: --confg (did you mean "--config"?)`,
		"scan --zzz -":           "unknown flag: --zzz\n",
		"scan -x":                "unknown shorthand flag: 'x' in -x\n",
	} {
		if _, _, errOut := sluice(t, "", strings.Fields(args)...); !strings.Contains(errOut, want) {
			t.Errorf("%s: %q, want %q", args, errOut, want)
		}
	}
}

func TestKeysAreMadeOnceAndOnlyForTheOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "keys")
	first, err := openKeys(path, true)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", st.Mode(), err)
	}
	again, err := openKeys(path, true)
	if err != nil || !bytes.Equal(first.derive(useFingerprint), again.derive(useFingerprint)) {
		t.Errorf("a second start has another key (%v)", err)
	}
	if bytes.Equal(first.derive(useFingerprint), first.derive(useToken)) {
		t.Error("two uses share a key")
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openKeys(path, true); err == nil || !strings.Contains(err.Error(), "copy the file of another node") {
		t.Errorf("a broken key file is not refused with a remedy: %v", err)
	}
}

func TestSplitHTTPKeepsTheBodyAndMendsLineEnds(t *testing.T) {
	for name, raw := range map[string]string{
		"LF":   "POST / HTTP/1.1\nHost: a\n\nbody\r\n\r\nmore",
		"CRLF": "POST / HTTP/1.1\r\nHost: a\r\n\r\nbody\r\n\r\nmore",
	} {
		head, body, err := splitHTTP([]byte(raw))
		if err != nil || string(head) != "POST / HTTP/1.1\r\nHost: a\r\n\r\n" || string(body) != "body\r\n\r\nmore" {
			t.Errorf("%s: %q %q %v", name, head, body, err)
		}
	}
	if _, _, err := splitHTTP([]byte("POST / HTTP/1.1\n")); err == nil {
		t.Error("a head without an end is accepted")
	}
}
