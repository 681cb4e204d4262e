package policy

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sampleFacts() *Facts {
	return &Facts{
		App:      App{ID: "chatgpt", Name: "ChatGPT", Vendor: "OpenAI", Category: "chat", Host: "chatgpt.com", Status: InReview},
		Activity: "prompt", Actor: "person", Account: Account{Kind: "personal"},
		User:    User{Name: "alice", Groups: []string{"staff", "finance"}},
		Source:  Source{IP: netip.MustParseAddr("10.1.2.3"), Country: "DE", Site: "Berlin"},
		Device:  Device{ID: "L-1", Posture: "managed"},
		Request: Request{Method: "POST", Host: "chatgpt.com", Path: "/backend-api/f/conversation", Bytes: 2210},
		Files:   []File{{"a.zip", "application/zip", 20}},
		Now:     time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
	}
}

func with(change func(*Facts)) *Facts {
	f := sampleFacts()
	change(f)
	return f
}

func full(t testing.TB) *Policy {
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(t, string(data))
}

// evidence answers the asks of plan: those of the profiles in hits triggered.
func evidence(plan *Plan, hits string, gaps ...Gap) Evidence {
	e := Evidence{Gaps: gaps, Redact: true}
	for _, ask := range plan.Asks() {
		e.Triggered = append(e.Triggered, strings.Contains(" "+hits+" ", " "+ask.Profile+" "))
	}
	return e
}

func TestDecide(t *testing.T) {
	status := func(s Status) *Facts { return with(func(f *Facts) { f.App.Status = s; f.User.Groups = nil }) }
	const order = `
rules:
- {id: observed, profiles: [pci], on_match: block, mode: observe}
- {id: first, profiles: [pci], on_match: log, on_gap: allow}
- {id: second, profiles: [pci, pii], on_match: block, on_gap: block}
`
	cases := map[string]struct {
		policy string // "": full.yaml
		facts  *Facts
		hits   string
		gaps   []Gap
		want   string // action would rule mode: reason
	}{
		"nothing found in an app in review passes": {
			facts: sampleFacts(), want: "allow allow default:in_review enforce: nothing found",
		},
		"a match in an app in review is blocked by the default": {
			facts: sampleFacts(), hits: "default", want: "block block default:in_review enforce: app is in_review; profile default found something",
		},
		"a match in an approved app is logged": {
			facts: status(Approved), hits: "default", want: "log log default:approved enforce: app is approved; profile default found something",
		},
		"a match in an unreviewed app is coached": {
			facts: status(""), hits: "default", want: "coach coach default:unreviewed enforce: app is unreviewed; profile default found something",
		},
		"an unapproved app is blocked without a match": {
			facts: status(Unapproved), want: "block block default:unapproved enforce: app is unapproved",
		},
		"a rule with an action decides at once": {
			facts: with(func(f *Facts) { f.Activity = "upload" }), hits: "pci", want: "block block no-uploads-while-in-review enforce: rule no-uploads-while-in-review",
		},
		"a rule with profiles comes before the default": {
			facts: sampleFacts(), hits: "pci default", want: "redact redact finance-redacts-cards enforce: rule finance-redacts-cards; profile pci found something",
		},
		"a rule whose profile did not trigger leaves it to the default": {
			facts: sampleFacts(), hits: "default", want: "block block default:in_review enforce: app is in_review; profile default found something",
		},
		"a rule in observe mode is recorded and does not decide": {
			facts: status(Approved), hits: "source-code default", want: "log block default:approved observe: app is approved; profile default found something",
		},
		"the first matching enforced rule decides, not the strictest": {
			policy: order, facts: sampleFacts(), hits: "pci", want: "log block first observe: rule first; profile pci found something",
		},
		"a rule that does not trigger is passed over": {
			policy: order, facts: sampleFacts(), hits: "pii", want: "block block second enforce: rule second; profile pii found something",
		},
		"a gap brings on_gap of the first rule that has one": {
			policy: order, facts: sampleFacts(), gaps: []Gap{Encrypted}, want: "allow allow default:in_review enforce: nothing found",
		},
		"a gap brings the table's action where no rule has on_gap": {
			facts: sampleFacts(), gaps: []Gap{TooLarge, Encrypted}, want: "block block gap:in_review enforce: could not inspect the whole request: too_large",
		},
		"a gap of an approved app is logged": {
			facts: status(Approved), gaps: []Gap{Deadline}, want: "log log gap:approved enforce: could not inspect the whole request: deadline",
		},
		"with a match and a gap the stricter wins: the match": {
			facts: status(Approved), hits: "default", gaps: []Gap{Deadline}, want: "log log default:approved enforce: app is approved; profile default found something",
		},
		"with a match and a gap the stricter wins: the gap": {
			policy: "gaps: {approved: block}", facts: status(Approved), hits: "default", gaps: []Gap{Deadline},
			want: "block block gap:approved enforce: could not inspect the whole request: deadline",
		},
		"an evaluation error is the gap policy_error": {
			policy: `rules: [{id: bad, action: allow, when: 'files[3].size > 1'}]`, facts: sampleFacts(),
			want: "block block gap:in_review enforce: could not inspect the whole request: policy_error",
		},
		"an error beside something false is no error": {
			policy: `rules: [{id: bad, action: allow, when: 'files[3].size > 1 && app.id == "claude"'}]`, facts: sampleFacts(),
			want: "allow allow default:in_review enforce: nothing found",
		},
		"too much work is an error": {
			policy: `rules: [{id: slow, action: allow, when: 'user.groups.exists(a, user.groups.exists(b, user.groups.exists(c, a + b + c == "x")))'}]`,
			facts:  with(func(f *Facts) { f.User.Groups = make([]string, 300) }),
			want:   "block block gap:in_review enforce: could not inspect the whole request: policy_error",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := full(t)
			if c.policy != "" {
				p = mustParse(t, c.policy)
			}
			plan := p.Plan(c.facts)
			d := plan.Decide(evidence(plan, c.hits, c.gaps...))
			got := strings.Join([]string{d.Action.String(), d.Would.String(), d.Rule, d.Mode + ": " + d.Reason}, " ")
			if got != c.want {
				t.Errorf("decided\n %s, want\n %s", got, c.want)
			}
		})
	}
}

func TestWhatIsNoStatusIsUnreviewed(t *testing.T) {
	for in, want := range map[Status]Status{
		"": Unreviewed, "Approved": Unreviewed, Unreviewed: Unreviewed,
		Approved: Approved, InReview: InReview, Unapproved: Unapproved,
	} {
		if got := in.OrUnreviewed(); got != want {
			t.Errorf("%q counts as %q, want %q", in, got, want)
		}
	}
}

func TestRedactFallsBackToBlock(t *testing.T) {
	plan := full(t).Plan(sampleFacts())
	e := evidence(plan, "pci")
	e.Redact = false
	d := plan.Decide(e)
	if d.Action != Block || !strings.Contains(d.Reason, "cannot be edited") {
		t.Errorf("decided %s because %q, want block because the body cannot be edited", d.Action, d.Reason)
	}
}

func TestExceptions(t *testing.T) {
	coached := with(func(f *Facts) { f.App.Status = Unreviewed; f.User.Groups = nil })
	cases := map[string]struct {
		policy, hits string
		gaps         []Gap
		excepted     []string
		want         Action
		used         []string
	}{
		"an exception for the profile lets the prompt through, logged": {"", "default", nil, []string{"default"}, Log, []string{"default"}},
		"an exception for another profile does not":                    {"", "default", nil, []string{"pci"}, Coach, nil},
		"an exception for the gap":                                     {"", "", []Gap{TooLarge}, []string{"gap:too_large"}, Log, []string{"gap:too_large"}},
		"an exception for one of two gaps does not":                    {"", "", []Gap{TooLarge, Encrypted}, []string{"gap:too_large"}, Coach, nil},
		"an exception from being coached at all":                       {"defaults: {unreviewed: {action: coach}}", "", nil, []string{"app"}, Log, []string{"app"}},
		"an exception never lifts a block":                             {"defaults: {unreviewed: {profiles: [default], on_match: block}}", "default", nil, []string{"default"}, Block, nil},
		"after an excepted rule the next rule decides":                 {"rules: [{id: a, profiles: [pci], on_match: coach}, {id: b, profiles: [pci], on_match: block}]", "pci", nil, []string{"pci"}, Block, []string{"pci"}},
		"without need no exception is used":                            {"", "", nil, []string{"default"}, Allow, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			plan := mustParse(t, c.policy).Plan(coached)
			e := evidence(plan, c.hits, c.gaps...)
			e.Excepted = c.excepted
			d := plan.Decide(e)
			if d.Action != c.want || !cmp.Equal(d.Excepted, c.used) {
				t.Errorf("decided %s with %q because %q, want %s with %q", d.Action, d.Excepted, d.Reason, c.want, c.used)
			}
		})
	}
}

func TestWhatWasJustifiedIsNotStoppedByALaterRule(t *testing.T) {
	const rules = "rules: [{id: a, profiles: [source-code], on_match: coach}, {id: b, profiles: [pci], on_match: block}]\n" +
		"defaults: {unreviewed: {profiles: [default], on_match: block}}"
	coached := with(func(f *Facts) { f.App.Status = Unreviewed; f.User.Groups = nil })
	cases := map[string]struct {
		triggered, beyond, excepted string
		want                        Action
	}{
		"without an exception the first rule coaches":            {"source-code default", "source-code default", "", Coach},
		"what the exception covers passes the status default":    {"source-code default", "", "source-code", Log},
		"a card beside the code is stopped by its own rule":      {"source-code pci default", "pci default", "source-code", Block},
		"something else beside the code meets the default":       {"source-code default", "default", "source-code", Block},
		"an exception whose rule did not match lifts nothing":    {"pci default", "", "source-code", Block},
		"an exception of another profile does not lift the rule": {"source-code", "", "pci", Coach},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			plan := mustParse(t, rules).Plan(coached)
			e := evidence(plan, c.triggered)
			e.Excepted = strings.Fields(c.excepted)
			e.Beyond = func(profiles []string) []bool {
				if !slices.Equal(profiles, e.Excepted) {
					t.Errorf("asked beyond %q, want beyond %q", profiles, e.Excepted)
				}
				return evidence(plan, c.beyond).Triggered
			}
			if d := plan.Decide(e); d.Action != c.want {
				t.Errorf("decided %s because %q, want %s", d.Action, d.Reason, c.want)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	plan := full(t).Plan(with(func(f *Facts) { f.Activity = "upload" }))
	if got, want := plan.Decide(Evidence{}).Message, "Uploads to ChatGPT are paused while it is under review."; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	long := mustParse(t, `rules: [{id: a, action: block, message: "{{.User.Name}}"}]`)
	d := long.Plan(with(func(f *Facts) { f.User.Name = strings.Repeat("x", 2000) })).Decide(Evidence{})
	if d.Message != "" || d.Action != Block {
		t.Errorf("a message that does not render gave %q and %s, want the default text and block", d.Message, d.Action)
	}
}

func TestAsksAreWithoutDuplicates(t *testing.T) {
	p := mustParse(t, `rules:
- {id: a, profiles: [pci, default], on_match: log}
- {id: b, profiles: [pci], roles: [user, context, system, file], on_match: log}
- {id: c, profiles: [pci], roles: [user], on_match: log}
- {id: d, profiles: [source-code], on_match: log, when: app.id == "claude"}`)
	want := []Ask{{Profile: "pci"}, {Profile: "default"}, {Profile: "pci", Roles: []string{"user"}}}
	if diff := cmp.Diff(want, p.Plan(sampleFacts()).Asks()); diff != "" {
		t.Errorf("asks (-want +got):\n%s", diff)
	}
}

func TestSettledPlansNeedNoBody(t *testing.T) {
	unapproved := with(func(f *Facts) { f.App.Status = Unapproved })
	cases := map[string]struct {
		policy string
		facts  *Facts
		want   bool
	}{
		"a default that blocks":                   {"", unapproved, true},
		"a default that scans":                    {"", sampleFacts(), false},
		"a rule that logs: a gap may be stricter": {"rules: [{id: a, action: log}]", unapproved, false},
		"a rule that blocks":                      {"rules: [{id: a, action: block}]", sampleFacts(), true},
		"an observed rule that scans":             {"rules: [{id: a, profiles: [pci], on_match: log, mode: observe}]", unapproved, false},
		"an observed rule that blocks":            {"rules: [{id: a, action: block, mode: observe}]", unapproved, true},
		"a condition that failed":                 {"rules: [{id: a, action: allow, when: 'user.groups[9] == \"x\"'}]", unapproved, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := mustParse(t, c.policy).Plan(c.facts).Settled(); got != c.want {
				t.Errorf("settled is %v, want %v", got, c.want)
			}
		})
	}
	if !full(t).ReadsBody() || mustParse(t, "").ReadsBody() {
		t.Error("a policy reads the body exactly when a condition uses files, bytes or account")
	}
}

func TestHeaders(t *testing.T) {
	got := full(t).Plan(sampleFacts()).Headers()
	if diff := cmp.Diff([]Header{{"ChatGPT-Allowed-Workspace-Id", "0000-1111"}}, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got := full(t).Plan(with(func(f *Facts) { f.App.ID = "claude" })).Headers(); got != nil {
		t.Errorf("headers of another app: %v", got)
	}
}

func TestTrace(t *testing.T) {
	plan := full(t).Plan(sampleFacts())
	want := []Step{
		{Rule: "no-uploads-while-in-review", Reason: `not activity == "upload" (activity is "prompt")`},
		{Rule: "finance-redacts-cards", When: true, Match: true, Reason: "triggered: pci"},
		{Rule: "big-files", Reason: `not files.exists(f, f.size > 10000000 && f.name.endsWith(".zip"))`},
		{Rule: "office-hours", Reason: `not now.getHours("Europe/Berlin") < 6`},
		{Rule: "try-source-code-rule", Mode: "observe", Reason: `not app.status == "approved" (app.status is "in_review")`},
	}
	if diff := cmp.Diff(want, plan.Trace(evidence(plan, "pci"))); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
}

func TestZeroPolicyIsDefault(t *testing.T) {
	var zero Policy
	for name, p := range map[string]*Policy{"nil": nil, "zero": &zero, "default": Default()} {
		plan := p.Plan(sampleFacts())
		if d := plan.Decide(evidence(plan, "default")); d.Action != Block || d.Rule != "default:in_review" {
			t.Errorf("%s policy decided %s by %s, want block by default:in_review", name, d.Action, d.Rule)
		}
	}
}
