// Package sample makes the events of an invented company, for measuring the console and
// for looking at it. The same seed makes the same company. It is for tests alone.
package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Options say how much there is to see.
type Options struct {
	Events int       // spread over Days
	Days   int       // up to Now
	People int       // at least 1
	Now    time.Time // the time of the last event
	Seed   uint64
}

type app struct {
	id, name, category, status string
	weight                     float64
	since                      int // days before the end at which it was first used
}

var apps = []app{
	{"chatgpt", "ChatGPT", "chat", "in_review", 25, 90},
	{"m365-copilot", "Microsoft 365 Copilot", "chat", "approved", 37, 90},
	{"github-copilot", "GitHub Copilot", "coding", "approved", 30, 90},
	{"claude", "Claude", "chat", "approved", 20, 90},
	{"gemini", "Gemini", "chat", "in_review", 12, 90},
	{"cursor", "Cursor", "coding", "in_review", 8, 90},
	{"perplexity", "Perplexity", "search", "in_review", 5, 80},
	{"deepseek", "DeepSeek", "chat", "unapproved", 3.6, 70},
	{"grammarly", "Grammarly", "writing", "approved", 11, 90},
	{"poe", "Poe", "chat", "unapproved", 2.3, 90},
	{"otter", "Otter.ai", "meetings", "unapproved", 3.4, 90},
	{"mistral-api", "Mistral API", "chat", "unreviewed", 1.4, 13},
	{"huggingface", "Hugging Face", "chat", "unreviewed", 0.9, 9},
	{"leonardo", "Leonardo.Ai", "image", "unreviewed", 0.8, 15},
	{"midjourney", "Midjourney", "image", "unreviewed", 0.6, 6},
	{"replit", "Replit", "coding", "unreviewed", 1.5, 17},
	{"openai-api", "OpenAI API", "model-api", "approved", 9, 90},
	{"groq", "Groq", "model-api", "unreviewed", 0.5, 4},
}

var (
	first     = []string{"maya", "jonas", "irene", "tomas", "helen", "dario", "aiko", "samir", "clara", "victor", "nadia", "pavel", "lena", "omar", "grace", "felix", "rosa", "ivan", "noor", "erik"}
	last      = []string{"okafor", "lindqvist", "marchetti", "novak", "brennan", "haddad", "nakamura", "weber", "silva", "kowalski", "dubois", "petrov", "larsen", "costa", "fischer", "moreau", "ricci", "jansen", "varga", "ito"}
	groups    = []string{"Platform", "Finance", "Legal", "Support", "Data science", "People", "Sales", "Marketing"}
	countries = []string{"DE", "GB", "US", "PL", "IN"}
)

type finding struct {
	detector, profile, severity, masked, excerpt string
}

// FalseAlarm begins the excerpts of findings that are no card: a reviewer would say so.
const FalseAlarm = "… the parcel with tracking number"

var findings = []finding{
	{"credit_card", "pci", "high", "411111••••••1111", "… please refund the customer, the card is ███████████████████ (exp 12/27), thanks …"},
	{"credit_card", "pci", "high", "353011••••••0000", FalseAlarm + " ███████████████████ was to arrive on Monday, what now …"},
	{"iban", "pii-eu", "high", "••••••••••••••••••3000", "… and send the rest to ██████████████████████ before Friday, subject invoice 8812 …"},
	{"us_ssn", "pii-us", "high", "•••••••6705", "… new hire form: social security number ███████████, start date 1 December …"},
	{"email", "pii", "medium", "••••••••mple", "… draft a polite reply to ████████████████████ and keep the tone friendly …"},
	{"aws_access_key_id", "credentials", "critical", "••••", "… why does this fail? AWS_ACCESS_KEY_ID=████████████████████ region eu-central-1 …"},
	{"source_code", "source-code", "medium", "••••", "… find the bug in this function: ████████████████████████████████ it panics at …"},
	{"private_key", "credentials", "critical", "••••", "… ████████████████████████████ how do I convert this to PKCS8 …"},
}

// Person returns the name of the i-th person.
func Person(i int) string {
	name := first[i%len(first)] + "." + last[(i/len(first)+i)%len(last)]
	if n := i / (len(first) * len(last)); n > 0 {
		name += fmt.Sprint(n)
	}
	return name
}

// Each calls f with every event, oldest first. The event is f's to keep.
func Each(o Options, f func(*event.Event) error) error {
	r := rand.New(rand.NewPCG(o.Seed, 7))
	total := 0.0
	for d := range o.Days {
		total += busy(o.Now.AddDate(0, 0, d+1-o.Days))
	}
	made := 0
	for d := range o.Days {
		day := o.Now.AddDate(0, 0, d+1-o.Days).UTC().Truncate(24 * time.Hour)
		n := int(float64(o.Events) * busy(day) / total)
		if d == o.Days-1 {
			n = o.Events - made
		}
		made += n
		end := 24 * time.Hour
		if left := o.Now.Sub(day); left < end {
			end = left
		}
		for i := range n {
			at := day.Add(moment(r, float64(i)/float64(max(n, 1)), end))
			e := one(r, o, at, o.Days-1-d)
			if err := f(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// busy is how much a day has of a working day.
func busy(day time.Time) float64 {
	switch day.UTC().Weekday() {
	case time.Saturday, time.Sunday:
		return 0.18
	case time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday:
	}
	return 0.92 + 0.08*math.Sin(float64(day.YearDay()))
}

// moment spreads a day's events over its working hours, in order.
func moment(r *rand.Rand, share float64, end time.Duration) time.Duration {
	hour := 7.5 + 10.5*share + 0.02*r.Float64()
	if share < 0.04 {
		hour = 7.5 * share / 0.04
	} else if share > 0.96 {
		hour = 18 + 5.9*(share-0.96)/0.04
	}
	at := time.Duration(hour * float64(time.Hour))
	if end < 24*time.Hour { // today: as far as it has come
		at = time.Duration(share * float64(end))
	}
	return at
}

func one(r *rand.Rand, o Options, at time.Time, daysAgo int) *event.Event {
	a := pick(r, daysAgo)
	who := int(math.Pow(r.Float64(), 2.2) * float64(o.People))
	e := &event.Event{
		ID: event.NewID(at), Time: at, Node: "gw1", Snapshot: "9c1f20ab77e1", User: Person(who), Groups: []string{groups[who%len(groups)]},
		Actor: "person", Account: event.Account{Kind: []string{"company", "personal", "unknown"}[who%3]},
		Source: event.Source{IP: fmt.Sprintf("10.24.%d.%d", who/250%250, who%250+1), Country: countries[who*who%len(countries)]},
		App:    event.App{ID: a.id, Name: a.name, Category: a.category, Status: a.status, Source: "catalogue"}, Activity: "prompt", Visibility: "full",
		Method: "POST", Host: a.id + ".example", Path: "/backend-api/conversation", BytesOut: int64(600 + r.ExpFloat64()*9000), LatencyUS: int64(150 + r.ExpFloat64()*900),
		Decision: event.Decision{Action: "log", Would: "log", Rule: "default:" + a.status, Reason: "nothing was found", Mode: "enforce"},
	}
	if r.IntN(9) == 0 {
		e.Activity, e.BytesOut = "upload", e.BytesOut*40
		e.Files = []event.File{{Name: "report.docx", Type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Size: e.BytesOut, Outcome: "complete"}}
	}
	decide(r, e)
	return e
}

func pick(r *rand.Rand, daysAgo int) app {
	total := 0.0
	for _, a := range apps {
		if a.since >= daysAgo {
			total += a.weight
		}
	}
	x := r.Float64() * total
	for _, a := range apps {
		if a.since < daysAgo {
			continue
		}
		if x -= a.weight; x <= 0 {
			return a
		}
	}
	return apps[0]
}

// decide adds what was found and what came of it.
func decide(r *rand.Rand, e *event.Event) {
	actions := map[string]string{"approved": "log", "in_review": "block", "unreviewed": "coach", "unapproved": "block"}
	found := r.IntN(100) < 3
	if r.IntN(400) == 0 {
		e.Gaps = []string{[]string{"encrypted", "too_large"}[r.IntN(2)]}
		e.Decision.Action, e.Decision.Rule, e.Decision.Reason = actions[e.App.Status], "gap:"+e.App.Status, "the upload could not be inspected"
	}
	if e.App.Status == "unapproved" && r.IntN(3) == 0 {
		e.Decision.Action, e.Decision.Reason = "block", "the app is not approved"
	}
	if found {
		f := findings[int(math.Pow(r.Float64(), 1.6)*float64(len(findings)))]
		e.Matches = []event.Match{{
			Detector: f.detector, Profiles: []string{f.profile}, Severity: f.severity, Confidence: []string{"high", "medium"}[r.IntN(2)], Count: 1 + r.IntN(2),
			Masked: []string{f.masked}, Fingerprints: []string{fmt.Sprintf("hmac:%08x", r.IntN(400))}, Part: "messages[0].content", Role: "user", Excerpt: f.excerpt,
		}}
		e.Decision.Action, e.Decision.Reason = actions[e.App.Status], "the profile "+f.profile+" matched"
		e.Decision.Profiles = []string{f.profile}
		e.Trace = []event.Step{{Rule: "no-uploads-while-in-review", When: false, Reason: "activity is prompt"}, {Rule: "finance-redacts-cards", When: false, Reason: "the person is not in finance"}}
	}
	e.Decision.Would = e.Decision.Action
}
