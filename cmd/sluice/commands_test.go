package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inDir runs the test in an empty directory, where sluice finds no settings and no data.
func inDir(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
}

func decode[T any](t *testing.T, line string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return v
}

func TestClassifyTellsTheAppOrNull(t *testing.T) {
	inDir(t)
	code, out, errOut := sluice(t, "https://chatgpt.com/c/1\n\nnews.example.org\n", "classify", "--json", "api.groq.com", "-")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitFine || len(lines) != 3 {
		t.Fatalf("exit %d, %d lines: %s", code, len(lines), errOut)
	}
	if want := `{"input":"api.groq.com","app":"groq","name":"Groq","category":"model-api","scope":"host"}`; lines[0] != want {
		t.Errorf("got %s, want %s", lines[0], want)
	}
	if c := decode[classified](t, lines[1]); c.App == nil || *c.App != "chatgpt" {
		t.Errorf("a URL: %s", lines[1])
	}
	if !strings.Contains(lines[2], `"app":null`) {
		t.Errorf("no AI app: %s", lines[2])
	}
}

func TestScanExitsWithOneWhenItFindsAndShowsMasksOnly(t *testing.T) {
	inDir(t)
	text := "pay with " + demoCard + " today\n"
	if err := os.WriteFile("note.txt", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	type report struct {
		Path, Outcome string
		Findings      []struct {
			Detector, Masked, Value string
			Start, End, Line        int
		}
	}
	code, out, errOut := sluice(t, "", "scan", "note.txt", "--format", "json")
	r := decode[report](t, out)
	if code != exitFound || r.Path != "note.txt" || r.Outcome != "complete" || len(r.Findings) != 1 {
		t.Fatalf("exit %d, %d findings, %s", code, len(r.Findings), errOut)
	}
	f := r.Findings[0]
	if f.Detector != "credit_card" || text[f.Start:f.End] != demoCard || f.Line != 1 || strings.Contains(out, demoCard) {
		t.Errorf("got %s at %d-%d", f.Detector, f.Start, f.End)
	}
	if _, out, _ = sluice(t, "", "scan", "note.txt", "--format", "json", "--reveal"); decode[report](t, out).Findings[0].Value != demoCard {
		t.Error("--reveal does not show the value")
	}
	if code, _, _ = sluice(t, "nothing here", "scan", "-"); code != exitFine {
		t.Errorf("clean text: exit %d", code)
	}
	if err := os.WriteFile("über note.txt", []byte("first\nfür Sie: card "+demoCard), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out, _ = sluice(t, "", "scan", "über note.txt", "--format", "sarif"); !strings.Contains(out, `"startColumn": 15`) || !strings.Contains(out, `"uri": "%C3%BCber%20note.txt"`) {
		t.Errorf("SARIF counts code points and names a URI: %s", out)
	}
	if err := os.Symlink("note.txt", "link.txt"); err != nil {
		t.Fatal(err)
	}
	if code, out, _ = sluice(t, "", "scan", "link.txt"); code != exitFound || !strings.Contains(out, "1 finding in 1 file\n") {
		t.Errorf("a link that is named: exit %d: %s", code, out)
	}
	if code, out, _ = sluice(t, "", "scan", "."); code != exitFound || !strings.Contains(out, "2 findings in 2 files\n") {
		t.Errorf("a link in a directory: exit %d: %s", code, out)
	}
	code, out, _ = sluice(t, "", "scan", "note.txt", "--format", "sarif")
	if code != exitFound || !strings.Contains(out, `"version": "2.1.0"`) || !strings.Contains(out, `"ruleId": "credit_card"`) || strings.Contains(out, demoCard) {
		t.Errorf("SARIF: exit %d", code)
	}
}

func TestScanReadsAndWritesLines(t *testing.T) {
	inDir(t)
	in := "\ufeff" + `{"id":"a","text":"card ` + demoCard + `"}` + "\n" + `{"id":7,"text":"clean"}` + "\n"
	code, out, errOut := sluice(t, in, "scan", "--jsonl", "-")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitFine || len(lines) != 2 {
		t.Fatalf("exit %d, %d lines: %s", code, len(lines), errOut)
	}
	if !strings.HasPrefix(lines[0], `{"id":"a","findings":[{"detector":"credit_card"`) || lines[1] != `{"id":7,"findings":[]}` {
		t.Errorf("the lines are not as documented: %s", lines[1])
	}
	code, out, errOut = sluice(t, "{\"id\":1}\n"+`{"id":2,"text":"clean"}`+strings.Repeat("\nnonsense", maxComplaints+1), "scan", "--jsonl", "-")
	if code != exitFound || out != `{"id":2,"findings":[]}`+"\n" {
		t.Errorf("behind a line without text: exit %d: %s%s", code, out, errOut)
	}
	for _, want := range []string{"line 1: want", "line 3: want", "2 lines more that are none"} {
		if !strings.Contains(errOut, want) {
			t.Errorf("%q is not said: %s", want, errOut)
		}
	}
}

func TestExplainReadsArchivesOfBrowsers(t *testing.T) {
	inDir(t)
	body := `{"messages":[{"author":{"role":"user"},"content":{"content_type":"text","parts":["card ` + demoCard + `"]}}]}`
	archive := map[string]any{"log": map[string]any{"entries": []any{map[string]any{"request": map[string]any{
		"method": "POST", "url": "https://chatgpt.com/backend-api/f/conversation?x=1",
		"headers":  []any{map[string]any{"name": ":authority", "value": "chatgpt.com"}, map[string]any{"name": "content-type", "value": "application/json"}},
		"postData": map[string]any{"mimeType": "application/json", "text": body},
	}}}}}
	data, err := json.Marshal(archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("s.har", data, 0o600); err != nil {
		t.Fatal(err)
	}
	type explained struct {
		App      struct{ ID, Status string }
		Activity string
		Decision struct{ Action, Rule string }
		Texts    []struct{ Role, Path string }
	}
	for status, want := range map[string]string{"in_review": "block", "approved": "log", "unreviewed": "coach", "unapproved": "block"} {
		code, out, errOut := sluice(t, "", "explain", "s.har", "--user", "alice", "--group", "finance", "--status", "chatgpt="+status)
		if code != exitFine {
			t.Fatalf("exit %d: %s", code, errOut)
		}
		x := decode[explained](t, out)
		if x.App.ID != "chatgpt" || x.App.Status != status || x.Activity != "prompt" || x.Decision.Action != want || len(x.Texts) != 1 || x.Texts[0].Path != "messages[0].content.parts[0]" {
			t.Errorf("%s: %+v", status, x)
		}
	}
}

func TestAStatusIsSetListedAndRemembered(t *testing.T) {
	inDir(t)
	if code, _, errOut := sluice(t, "", "apps", "status", "chatgpt", "in_review", "--note", "with legal"); code != exitFine {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	_, out, _ := sluice(t, "", "apps", "list", "--status", "in_review", "--json")
	l := decode[listedApp](t, out)
	if l.ID != "chatgpt" || l.Note != "with legal" || l.By == "" {
		t.Errorf("got %+v", l)
	}
	if _, out, _ = sluice(t, "", "apps", "show", "chatgpt"); !strings.Contains(out, `"history": [`) || !strings.Contains(out, "with legal") {
		t.Errorf("no history: %s", out)
	}
	for _, want := range []string{`"host": "chatgpt.com"`, `"path": "/backend-api/f/conversation"`, `"carrier": "json"`, `"evidence": "client"`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s, as a catalogue file has it: %s", want, out)
		}
	}
	if strings.Contains(out, `""`) {
		t.Errorf("what is not set is shown: %s", out)
	}
	const own = "llm.corp.example" // as an app is called that is recognised by its shape
	if code, _, errOut := sluice(t, "", "apps", "status", own, "approved"); code != exitFine {
		t.Errorf("exit %d: %s", code, errOut)
	}
	if code, out, _ := sluice(t, "", "apps", "show", own); code != exitFine || !strings.Contains(out, `"status": "approved"`) || !strings.Contains(out, `"hosts": []`) {
		t.Errorf("exit %d: %s", code, out)
	}
	code, _, errOut := sluice(t, "", "apps", "status", "chatgtp", "approved")
	if code != exitFound || !strings.Contains(errOut, "sluice apps list") {
		t.Errorf("an unknown app: exit %d: %s", code, errOut)
	}
}

func TestCheckTellsEveryMistakeInOneRun(t *testing.T) {
	inDir(t)
	files := map[string]string{
		"sluice.yaml": "profiles: {dirs: [prof]}\ncatalogue: {dirs: [cat]}\npolicy: {file: policy.yaml}\n",
		"policy.yaml": "rules:\n  - {id: r, when: 'app.statu == \"approved\"', action: block}\n" +
			"  - {id: s, when: 'app.id == \"chatgtp\" || app.id == \"mine\"', profiles: [pcii, own], on_match: block}\n" +
			"  - {id: t, profiles: [pcj], action: block, on_match: block}\n",
		"prof/p.yaml":  "detectors:\n  - id: d\n    severity: high\n    patterns: [{regx: 'a', confidence: high}]\nprofiles:\n  - {id: own, use: [d]}\n",
		"cat/app.yaml": "id: mine\nname: Mine\nvendor: V\ncategory: chatt\nhosts: [mine.example]\n",
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{"check", "serve"} {
		code, _, errOut := sluice(t, "", command)
		if code != exitFound {
			t.Errorf("%s: exit %d", command, code)
		}
		for _, want := range []string{
			`policy.yaml:2: rule "r": when: unknown variable "app.statu" (did you mean "app.status"?)`,
			`prof/p.yaml:4: detector "d": unknown field "regx" (did you mean "re"?)`,
			`cat/app.yaml:4:`,
			`policy.yaml:3: rule "s": there is no profile "pcii"`,
			`policy.yaml:3: rule "s": when: the catalogue has no app "chatgtp"`,
			`policy.yaml:4: rule "t": there is no profile "pcj"`,
		} {
			if !strings.Contains(errOut, want) {
				t.Errorf("%s does not tell %q:\n%s", command, want, errOut)
			}
		}
		if strings.Contains(errOut, `no profile "own"`) || strings.Contains(errOut, `no app "mine"`) {
			t.Errorf("%s does not know what broken files define:\n%s", command, errOut)
		}
	}
	good, err := os.ReadFile("sluice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("sluice.yaml", append([]byte("nod: x\nlog: {level: loud}\n"), good...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, errOut := sluice(t, "", "check")
	for _, want := range []string{`sluice.yaml:1: unknown setting "nod"`, `sluice.yaml:2: "log.level"`, "policy.yaml:2:", `unknown field "regx"`, "cat/app.yaml:4:"} {
		if strings.Count(errOut, want) != 1 {
			t.Errorf("check does not tell %q once beside wrong settings:\n%s", want, errOut)
		}
	}
	if err := os.WriteFile("sluice.yaml", good, 0o600); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if name != "sluice.yaml" {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile("policy.yaml", []byte("rules: [{id: own, when: 'app.id == \"llm.corp.example\"', action: allow}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := sluice(t, "", "check"); code != exitFine || !strings.Contains(out, "all good") ||
		!strings.Contains(out, "warning: defaults.unreviewed (and 1 more): coach has no page to lead to") {
		t.Errorf("a good set: exit %d: %s", code, errOut)
	}
}

func TestTheDemoGetsEveryVerdict(t *testing.T) {
	inDir(t)
	code, out, errOut := sluice(t, "", "demo", "--once")
	if code != exitFine {
		t.Fatalf("exit %d: %s\n%s", code, errOut, out)
	}
	if got, want := strings.Count(out, "\n"), len(demoSamples())+1; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
}

// TestKeysThatCannotBeReadAreNotNeeded has a keys.file that nobody can read, as another's is.
func TestKeysThatCannotBeReadAreNotNeeded(t *testing.T) {
	inDir(t)
	if err := os.MkdirAll("data/keys", 0o700); err != nil { // a directory: root could read a file
		t.Fatal(err)
	}
	if err := os.WriteFile("note.txt", []byte("pay with "+demoCard+" today\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := sluice(t, "", "scan", "note.txt")
	if code != exitFound || !strings.Contains(out, "credit_card") || !strings.Contains(errOut, "keys.file") || !strings.Contains(errOut, "fingerprints are of this run alone") {
		t.Errorf("scan: exit %d, %q", code, errOut)
	}
	if code, _, errOut := sluice(t, "", "check"); code != exitFound || !strings.Contains(errOut, "keys.file") {
		t.Errorf("check: exit %d, %q", code, errOut)
	}
}
