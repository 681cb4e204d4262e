package policy

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func options() Options {
	return Options{
		HasProfile: func(id string) bool { return slices.Contains([]string{"default", "pci", "pii", "source-code"}, id) },
		HasApp:     func(id string) bool { return slices.Contains([]string{"chatgpt", "claude"}, id) },
		Categories: []string{"chat", "model-api", "code"},
		App: func(id string) (App, bool) {
			return App{ID: id, Name: "Claude", Vendor: "Anthropic", Category: "chat"}, id == "claude"
		},
	}
}

func TestEveryMistakeIsToldWithPlaceAndRemedy(t *testing.T) {
	files, err := filepath.Glob("testdata/bad-*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("found %d bad policies, want at least 5: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Base(file), data, options())
			if err == nil {
				t.Fatal("a bad policy was accepted")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func mustParse(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Parse("policy.yaml", []byte(text), options())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWarnings(t *testing.T) {
	cases := map[string]struct{ policy, want string }{
		"two statuses at once": {
			`rules: [{id: a, action: block, when: 'app.status == "approved" && app.status == "in_review"'}]`,
			`policy.yaml:1: rule "a": can never match: app.status has no value that fits all its comparisons`,
		},
		"every activity excluded": {
			`rules: [{id: a, action: block, when: '!(activity in ["prompt", "upload"]) && activity != "other" && activity != "session"'}]`,
			`policy.yaml:1: rule "a": can never match: activity has no value that fits all its comparisons`,
		},
		"a condition that is false": {
			`rules: [{id: a, action: block, when: 'false'}]`,
			`policy.yaml:1: rule "a": can never match: its condition is false`,
		},
		"an earlier rule that is wider": {
			"rules:\n- {id: a, action: block, when: 'app.id == \"claude\"'}\n- {id: b, action: log, when: 'activity == \"upload\" && app.id == \"claude\"'}",
			`policy.yaml:3: rule "b": can never match: rule "a" in line 2 always decides before it; move this rule up, or remove it`,
		},
		"an earlier rule with the same profile": {
			"rules:\n- {id: a, profiles: [pci, pii], on_match: block}\n- {id: b, profiles: [pci], roles: [user], on_match: log}",
			`policy.yaml:3: rule "b": can never match: rule "a" in line 2 always decides before it; move this rule up, or remove it`,
		},
		"sizes that exclude each other": {
			`rules: [{id: a, action: block, when: 'request.bytes > 10 && (request.bytes < 5 || request.bytes == 7)'}]`,
			`policy.yaml:1: rule "a": can never match: request.bytes has no value that fits all its comparisons`,
		},
		"sizes with one between them": {`rules: [{id: a, action: block, when: 'request.bytes > 10 && request.bytes < 12'}]`, ""},
		"a group that is and is not": {
			`rules: [{id: a, action: block, when: '"finance" in user.groups && app.id == "claude" && !("finance" in user.groups)'}]`,
			`policy.yaml:1: rule "a": can never match: user.groups has no value that fits all its comparisons`,
		},
		"constants that are false": {
			`rules: [{id: a, action: block, when: 'app.id == "claude" && "a".startsWith("b")'}]`,
			`policy.yaml:1: rule "a": can never match: its condition is false`,
		},
		"an app of another category": {
			`rules: [{id: a, action: block, when: 'app.id == "claude" && app.category == "code"'}]`,
			`policy.yaml:1: rule "a": can never match: app.id == "claude" and app.category == "code" exclude each other`,
		},
		"an app of its own category": {`rules: [{id: a, action: block, when: 'app.id == "claude" && app.category == "chat"'}]`, ""},
		"alternatives that all fail": {
			`rules: [{id: a, action: block, when: 'app.status == "approved" && (app.status == "unapproved" || app.status == "in_review")'}]`,
			`policy.yaml:1: rule "a": can never match: app.status has no value that fits all its comparisons`,
		},
		"what the interpreter is needed for may hold": {
			`rules: [{id: a, action: block, when: 'app.id.startsWith("x") && app.id == "claude" && source.ip == "10.0.0.1" && source.ip == "10.0.0.2" && now.getHours() > 30'}]`, "",
		},
		"an earlier rule with a longer list": {
			"rules:\n- {id: a, action: block, when: 'app.status in [\"approved\", \"in_review\"]'}\n- {id: b, action: log, when: 'app.status == \"approved\" && request.path.startsWith(\"/x\")'}",
			`policy.yaml:3: rule "b": can never match: rule "a" in line 2 always decides before it; move this rule up, or remove it`,
		},
		"an earlier rule that is not quite wider": {
			"rules:\n- {id: a, action: block, when: 'app.status in [\"approved\", \"in_review\"] && actor == \"person\"'}\n- {id: b, action: log, when: 'app.status == \"approved\"'}", "",
		},
		"an earlier rule that only observes hides nothing": {
			"rules:\n- {id: a, action: block, mode: observe}\n- {id: b, action: log}", "",
		},
		"an earlier rule with other profiles hides nothing": {
			"rules:\n- {id: a, profiles: [pci], on_match: block}\n- {id: b, profiles: [pci, pii], on_match: log}", "",
		},
		"a message nobody sees": {
			`rules: [{id: a, action: log, message: "Stop."}]`,
			`policy.yaml:1: rule "a": its message is never shown: log lets the request through`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(mustParse(t, c.policy).Warnings(), "\n"); got != c.want {
				t.Errorf("warned %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("rules: &a [*a]"))
	f.Add([]byte("? [a]\n: b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("fuzz.yaml", data, options())
		if (p == nil) == (err == nil) {
			t.Fatal("neither a policy nor a mistake, or both")
		}
		if p == nil {
			return
		}
		for _, facts := range []*Facts{nil, {}, sampleFacts()} {
			plan := p.Plan(facts)
			d := plan.Decide(Evidence{Triggered: make([]bool, len(plan.Asks()))})
			if d.Action < Allow || d.Action > Block || d.Would < Allow || d.Would > Block || d.Reason == "" || d.Rule == "" {
				t.Fatalf("decision without action, reason or rule: %+v", d)
			}
			plan.Trace(Evidence{})
		}
	})
}
