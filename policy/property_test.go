package policy

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	gocmp "github.com/google/go-cmp/cmp"
)

// conditions are conjuncts of every kind: guards, programs, and programs that fail.
func conditions() []string {
	return []string{
		`app.status == "in_review"`, `app.status != "approved"`, `"approved" == app.status`,
		`app.status in ["approved", "unreviewed"]`, `!(app.status == "approved")`,
		`activity == "upload"`, `activity in ["prompt"]`, `actor != "person"`,
		`"finance" in user.groups`, `!("staff" in user.groups)`, `app.id == "chatgpt" || app.id == "claude"`,
		`request.bytes > 1000`, `request.bytes <= 2210`, `request.bytes == 7`, `request.bytes != 7`, `request.bytes >= 3`, `request.bytes < 9`,
		`request.host.endsWith(".com")`, `request.path.startsWith("/backend")`, `user.name.contains("li")`, `true`, `false`,
		`!(app.id == "claude" && "staff" in user.groups)`, `account.kind == "unknown"`, `source.ip == ""`, `app.id in []`,
		`user.groups.exists(g, g.startsWith("fin"))`, `files.size() > 0`, `files.all(f, f.size < 100)`,
		`app.host.matches("^[a-z]+\\.com$")`, `now.getDayOfWeek("Europe/Berlin") == 1`, `size(user.name) > 3`,
		`files[0].size > 1`, `user.groups[1] == "finance"`, // may fail
		`cidr("10.0.0.0/8").containsIP(source.ip)`, // fails without an address
		`(app.id == "claude" || files[0].name == "a.zip")`, `device.posture == "managed" ? true : false`,
	}
}

func randomFacts(r *rand.Rand) *Facts {
	f := sampleFacts()
	f.App.ID = pick(r, "chatgpt", "claude", "")
	f.App.Status = pick(r, Approved, InReview, Unapproved, Unreviewed, "", "nonsense")
	f.Activity = pick(r, "prompt", "upload", "other", "session", "")
	f.Actor = pick(r, "person", "agent", "server", "")
	f.Account.Kind = pick(r, "personal", "company", "unknown", "")
	f.User.Groups = f.User.Groups[:r.IntN(3)]
	f.User.Name = pick(r, "alice", "bob", "")
	f.Request.Bytes = pick[int64](r, 0, 7, 2210, -1, 1<<40)
	f.Request.Path = pick(r, "/backend-api", "/", "\xff\xfe")
	f.Files = f.Files[:r.IntN(2)]
	if r.IntN(2) == 0 {
		f.Source = Source{}
	}
	return f
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomPolicy(r *rand.Rand, rules int) string {
	var b strings.Builder
	if r.IntN(2) == 0 {
		fmt.Fprintf(&b, "gaps: {in_review: %s}\n", pick(r, "allow", "log", "coach", "block"))
	}
	b.WriteString("rules:\n")
	for i := range rules {
		fmt.Fprintf(&b, "- id: r%d\n", i)
		if r.IntN(5) > 0 {
			fmt.Fprintf(&b, "  when: '%s'\n", strings.Join([]string{pick(r, conditions()...), pick(r, conditions()...)}, " && "))
		}
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, "  action: %s\n", pick(r, "allow", "log", "notify", "coach", "isolate", "block"))
		} else {
			fmt.Fprintf(&b, "  profiles: [%s]\n  on_match: %s\n", pick(r, "pci", "pii", "pci, default"), pick(r, actionNames()...))
		}
		if r.IntN(4) == 0 {
			fmt.Fprintf(&b, "  on_gap: %s\n", pick(r, "allow", "log", "coach", "block"))
		}
		if r.IntN(4) == 0 {
			b.WriteString("  mode: observe\n")
		}
	}
	return b.String()
}

// reference decides by the words of the format, with CEL's own evaluation of every
// condition as a whole, and shares no code with Plan and Decide.
func reference(t *testing.T, env *cel.Env, p *Policy, text []string, f *Facts, hits map[string]bool, gaps []Gap, canRedact, trial bool) (Action, string) {
	t.Helper()
	status := f.App.Status
	if status != Approved && status != InReview && status != Unapproved {
		status = Unreviewed
	}
	def := map[Status]Action{Approved: Log, InReview: Block, Unreviewed: Coach, Unapproved: Block}[status]
	action, rule := Allow, "default:"+string(status)
	if hits["default"] || status == Unapproved {
		action = def
	}
	gapAction, gapRule := p.gaps[status.index()], "gap:"+string(status)
	decided, gapDecided := false, false
	for i := range p.rules {
		r := &p.rules[i]
		holds := true
		if text[i] != "" {
			tree, issues := env.Compile(text[i])
			if issues.Err() != nil {
				t.Fatal(issues.Err())
			}
			program, err := env.Program(tree)
			if err != nil {
				t.Fatal(err)
			}
			v := p.values(f)
			out, _, err := program.Eval(&v)
			if err != nil && (trial || !r.observe) {
				gaps = append(gaps[:len(gaps):len(gaps)], PolicyError)
			}
			holds = err == nil && out.Value() == true
		}
		if !holds || r.observe && !trial {
			continue
		}
		if r.onGap != 0 && !gapDecided {
			gapAction, gapRule, gapDecided = r.onGap, r.id, true
		}
		matched := len(r.verdict.profiles) == 0
		for _, profile := range r.verdict.profiles {
			matched = matched || hits[profile]
		}
		if matched && !decided {
			action, rule, decided = r.verdict.action, r.id, true
		}
	}
	if len(gaps) > 0 && gapAction > action {
		action, rule = gapAction, gapRule
	}
	if action == Redact && !canRedact {
		action = Block
	}
	return action, rule
}

func TestPlanAndDecideAgreeWithTheWordsOfTheFormat(t *testing.T) {
	c, err := newCompiler(options())
	if err != nil {
		t.Fatal(err)
	}
	const policies, requests = 150, 40
	r := rand.New(rand.NewPCG(1, 2))
	for range policies {
		text := randomPolicy(r, 1+r.IntN(6))
		p := mustParse(t, text)
		whens := make([]string, len(p.rules))
		for i := range p.rules {
			_, after, _ := strings.Cut(text, fmt.Sprintf("- id: r%d\n", i))
			block, _, _ := strings.Cut(after, "- id:")
			if _, quoted, ok := strings.Cut(block, "when: '"); ok {
				whens[i], _, _ = strings.Cut(quoted, "'\n")
			}
		}
		for range requests {
			f := randomFacts(r)
			hits := map[string]bool{"pci": r.IntN(2) == 0, "pii": r.IntN(2) == 0, "default": r.IntN(2) == 0}
			var gaps []Gap
			if r.IntN(3) == 0 {
				gaps = []Gap{pick(r, TooLarge, Undecodable, Encrypted, Deadline, Internal, "unheard_of")}
			}
			plan := p.Plan(f)
			e := Evidence{Gaps: gaps, Redact: r.IntN(2) == 0}
			for _, ask := range plan.Asks() {
				e.Triggered = append(e.Triggered, hits[ask.Profile])
			}
			d := plan.Decide(e)
			action, rule := reference(t, c.env, p, whens, f, hits, gaps, e.Redact, false)
			would, _ := reference(t, c.env, p, whens, f, hits, gaps, e.Redact, true)
			if d.Action != action || d.Would != would || d.Rule != rule {
				t.Fatalf("decided %s (would %s) by %s, the format says %s (would %s) by %s\n%s\n%+v\nhits %v gaps %v redact %v",
					d.Action, d.Would, d.Rule, action, would, rule, text, *f, hits, gaps, e.Redact)
			}
			if diff := gocmp.Diff(d, p.Plan(f).Decide(e)); diff != "" {
				t.Fatalf("the same input decided otherwise:\n%s", diff)
			}
			for _, step := range plan.Trace(e) {
				if step.Reason == "" {
					t.Fatalf("rule %s has no reason in the trace\n%s", step.Rule, text)
				}
			}
			if e.Triggered = nil; len(plan.Asks()) > 0 {
				if lost := plan.Decide(e); lost.Action < Log && !strings.Contains(text, "allow") {
					t.Fatalf("evidence that answers nothing was let through without a gap\n%s", text)
				}
			}
		}
	}
}

func TestAGapNeverMakesADecisionMilder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		p := mustParse(t, randomPolicy(r, 5))
		for range 20 {
			plan := p.Plan(randomFacts(r))
			e := Evidence{Triggered: make([]bool, len(plan.Asks()))}
			for i := range e.Triggered {
				e.Triggered[i] = r.IntN(2) == 0
			}
			without := plan.Decide(e)
			e.Gaps = []Gap{TooLarge}
			if d := plan.Decide(e); d.Action < without.Action || d.Would < without.Would {
				t.Fatalf("a gap turned %s into %s", without.Action, d.Action)
			}
		}
	}
}

func TestAWarnedRuleNeverDecides(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	warned, matched := 0, 0
	for range 300 {
		text := randomPolicy(r, 6)
		p := mustParse(t, text)
		never := map[string]bool{}
		for _, w := range p.Warnings() {
			if _, rest, ok := strings.Cut(w, `rule "`); ok && strings.Contains(w, "can never match") {
				id, _, _ := strings.Cut(rest, `"`)
				never[id] = true
			}
		}
		warned += len(never)
		for range 60 {
			f := randomFacts(r)
			f.App.Name, f.App.Vendor, f.App.Category = "Claude", "Anthropic", "chat"
			f.Activity, f.Actor = cmp.Or(f.Activity, "other"), cmp.Or(f.Actor, "person") // an enumeration has no empty value
			plan := p.Plan(f)
			e := Evidence{Redact: true}
			for range plan.Asks() {
				e.Triggered = append(e.Triggered, r.IntN(2) == 0)
			}
			d := plan.Decide(e)
			if never[d.Rule] && d.Matched {
				t.Fatalf("rule %s was said never to match, and decides\n%s\n%q\n%+v", d.Rule, text, p.Warnings(), *f)
			}
			if d.Matched {
				matched++
			}
		}
	}
	if warned < 50 || matched < 1000 {
		t.Fatalf("%d rules warned of, %d decisions by a match: too few to show anything", warned, matched)
	}
}

// benchPolicy has n rules, most with a guard that rules them out early, every tenth with a
// part that needs the interpreter on every request.
func benchPolicy(n int) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range n {
		fmt.Fprintf(&b, "- {id: r%d, profiles: [pci], on_match: block, when: '", i)
		switch i % 10 {
		case 0:
			fmt.Fprintf(&b, `user.groups.exists(g, g.startsWith("group-%d"))`, i)
		case 1, 2, 3:
			fmt.Fprintf(&b, `"group-%d" in user.groups && app.category == "chat" && app.status != "unapproved"`, i)
		case 4, 5, 6:
			fmt.Fprintf(&b, `app.status == "approved" && activity == "upload" && files.exists(f, f.size > %d)`, i)
		case 7, 8:
			fmt.Fprintf(&b, `request.host.endsWith("host-%d.com") && account.kind == "personal"`, i)
		default:
			b.WriteString(`app.status == "in_review" && activity == "prompt"`)
		}
		b.WriteString("'}\n")
	}
	return b.String()
}

func BenchmarkPlanAndDecide200Rules(b *testing.B) {
	p := mustParse(b, benchPolicy(200))
	f := sampleFacts()
	b.ReportAllocs()
	for b.Loop() {
		plan := p.Plan(f)
		plan.Decide(Evidence{Triggered: make([]bool, len(plan.Asks())), Redact: true})
	}
}

func BenchmarkPlanAndDecideDefaults(b *testing.B) {
	p := mustParse(b, "")
	f := sampleFacts()
	b.ReportAllocs()
	for b.Loop() {
		plan := p.Plan(f)
		plan.Decide(Evidence{Triggered: make([]bool, len(plan.Asks())), Redact: true})
	}
}
