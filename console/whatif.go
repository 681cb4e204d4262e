package console

import (
	"context"
	"time"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/policy"
)

// whatIf is one thing somebody may do with an app, and what the running rules would do.
type whatIf struct {
	Question, Action, Would, Rule, Reason string
	Profiles                              []string
	Trace                                 []policy.Step
}

// Sample texts of the questions. They are made up; the card is the one of every test page.
const (
	sampleClean  = "Write a short poem about the sea."
	sampleCard   = "Please charge the customer's credit card 4111 1111 1111 1111, expiry 12/27."
	sampleSSN    = "Employee record: social security number 515-06-9705, born 1980-02-11."
	sampleSource = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfor i := 0; i < 10; i++ {\n\t\tfmt.Println(i)\n\t}\n}\n"
)

// question is what is asked of the policy.
type question struct {
	text, activity, sample string
	files                  []policy.File
	gaps                   []policy.Gap
	actor                  string
}

var questions = []question{
	{text: "Somebody asks a harmless question", activity: "prompt", sample: sampleClean},
	{text: "Somebody pastes a card number", activity: "prompt", sample: sampleCard},
	{text: "Somebody pastes a social security number", activity: "prompt", sample: sampleSSN},
	{text: "Somebody pastes source code", activity: "prompt", sample: sampleSource},
	{text: "Somebody uploads a document", activity: "upload", sample: sampleClean, files: []policy.File{{Name: "report.docx", Type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Size: 48_000}}},
	{text: "Somebody uploads a file that cannot be inspected", activity: "upload", gaps: []policy.Gap{policy.Encrypted}, files: []policy.File{{Name: "archive.zip", Type: "application/zip", Size: 300_000}}},
	{text: "An agent sends a card number", activity: "prompt", sample: sampleCard, actor: "agent"},
}

// whatIfs asks the running policy and profiles every question for one app.
func (s *Server) whatIfs(ctx context.Context, app *appRow) []whatIf {
	rules := s.o.Rules()
	list := make([]whatIf, 0, len(questions))
	for _, q := range questions {
		list = append(list, s.ask(ctx, rules, app, q))
	}
	return list
}

// ask runs policy and scan as a request would.
func (s *Server) ask(ctx context.Context, rules Rules, app *appRow, q question) whatIf {
	actor := q.actor
	if actor == "" {
		actor = "person"
	}
	host := ""
	if len(app.Hosts) > 0 {
		host = app.Hosts[0]
	}
	facts := &policy.Facts{
		App:      policy.App{ID: app.App, Name: app.Name, Vendor: app.Vendor, Category: app.AppUsage.Category, Host: host, Status: policy.Status(app.Status)},
		Activity: q.activity, Actor: actor, Account: policy.Account{Kind: "unknown"}, User: policy.User{Name: "somebody"},
		Request: policy.Request{Method: "POST", Host: host, Path: "/", Bytes: int64(len(q.sample))}, Files: q.files, Now: s.now(),
	}
	running := rules.Policy
	if running == nil {
		running = policy.Default()
	}
	plan := running.Plan(facts)
	evidence := policy.Evidence{Gaps: q.gaps, Redact: true}
	asks := plan.Asks()
	evidence.Triggered = make([]bool, len(asks))
	if len(asks) > 0 && q.sample != "" {
		var profiles []string
		for _, a := range asks {
			profiles = append(profiles, a.Profile)
		}
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		report := rules.Engine.Scan(ctx, dlp.Query{Profiles: profiles}, dlp.Text{Part: "sample", Role: "user", Data: []byte(q.sample)})
		for i, a := range asks {
			evidence.Triggered[i] = rules.Engine.Triggers(a.Profile, a.Roles, report.Findings)
		}
	}
	decision := plan.Decide(evidence)
	out := whatIf{
		Question: q.text, Action: decision.Action.String(), Rule: decision.Rule, Reason: decision.Reason,
		Profiles: decision.Profiles, Trace: plan.Trace(evidence),
	}
	if decision.Would != decision.Action {
		out.Would = decision.Would.String()
	}
	return out
}
