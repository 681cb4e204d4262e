package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Load makes the traffic of a company for benchmarks: sessions of people with an app, apps
// by Zipf, one person in three at work in an hour. It is deterministic.
type Load struct {
	rnd   *rand.Rand
	zipf  *rand.Zipf
	users int
	apps  []event.App
	queue []event.Event
	hour  time.Time
	each  int // events of an hour
}

// NewLoad begins at start, with so many events an hour.
func NewLoad(seed uint64, users, apps int, start time.Time, eachHour int) *Load {
	l := &Load{rnd: rand.New(rand.NewPCG(seed, 11)), users: users, hour: start.UTC().Truncate(time.Hour), each: eachHour}
	l.zipf = rand.NewZipf(l.rnd, 1.3, 4, uint64(apps-1))
	categories := []string{"chat", "code", "image", "writing", "search", "meeting"}
	for i := range apps {
		status := "unreviewed"
		switch {
		case i < 4:
			status = "approved"
		case i < 12:
			status = "unapproved"
		case i < 20:
			status = "in_review"
		}
		l.apps = append(l.apps, event.App{
			ID: fmt.Sprintf("ai-app-%03d", i), Name: fmt.Sprintf("AI App %03d", i), Category: categories[i%len(categories)],
			Status: status, Source: "catalogue",
		})
	}
	return l
}

// Next returns the next event in time; it is valid until the call after.
func (l *Load) Next() *event.Event {
	if len(l.queue) == 0 {
		l.makeHour()
	}
	e := &l.queue[0]
	l.queue = l.queue[1:]
	e.ID = event.NewID(e.Time)
	return e
}

var loadCountries = []string{"US", "US", "US", "US", "GB", "DE", "DE", "FR", "IN", "PT", "SG", "JP", "BR"}

func (l *Load) makeHour() {
	list := make([]event.Event, 0, l.each)
	for len(list) < l.each {
		user := l.rnd.IntN(l.users)
		app := &l.apps[l.zipf.Uint64()]
		at := l.hour.Add(time.Duration(l.rnd.Int64N(int64(time.Hour))))
		country := loadCountries[user%len(loadCountries)]
		if l.rnd.IntN(400) == 0 {
			country = "KP"
		}
		device := user*2 + l.rnd.IntN(8)/7
		for range 4 + min(int(l.rnd.ExpFloat64()*22), 196) {
			if at = at.Add(time.Duration(5+l.rnd.IntN(40)) * time.Second); at.Sub(l.hour) >= time.Hour || len(list) == l.each {
				break
			}
			list = append(list, l.event(at, user, device, country, app))
		}
	}
	slices.SortStableFunc(list, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	l.queue, l.hour = list, l.hour.Add(time.Hour)
}

func (l *Load) event(at time.Time, user, device int, country string, app *event.App) event.Event {
	e := event.Event{
		Time: at, Node: "gw1", Snapshot: "9c1f", User: fmt.Sprintf("user%05d", user),
		Groups: []string{fmt.Sprintf("dept%d", user%60), "staff", fmt.Sprintf("site%d", user%2)}, Actor: "person",
		Account: event.Account{Kind: "unknown"}, Source: event.Source{IP: fmt.Sprintf("10.%d.%d.%d", user>>16&255, user>>8&255, user&255), Country: country},
		Device: event.Device{ID: fmt.Sprintf("L-%06d", device)}, App: *app, Activity: "prompt", Visibility: "full",
		Method: "POST", Host: "api." + app.ID + ".example", Path: "/backend-api/f/conversation",
		BytesOut: int64(300 + l.rnd.ExpFloat64()*5500), BytesIn: int64(l.rnd.ExpFloat64() * 9000), LatencyUS: int64(80 + l.rnd.ExpFloat64()*150),
		Decision: event.Decision{Action: "log", Would: "log", Rule: "default:" + app.Status, Reason: "nothing found", Mode: "enforce"},
	}
	if l.rnd.IntN(8) == 0 {
		e.Activity, e.BytesOut = "upload", e.BytesOut+int64(l.rnd.ExpFloat64()*400000)
	}
	if l.rnd.IntN(50) == 0 {
		e.Matches = []event.Match{{
			Detector: "credit_card", Profiles: []string{"pci", "default"}, Severity: "high", Confidence: "high", Count: 1,
			Masked: []string{"495651••••••8275"}, Fingerprints: []string{"hmac:9f1c0a7733aa"}, Part: "messages[0].content", Role: "user",
			Excerpt: "… charge the card ████ (exp …",
		}}
		e.Decision.Action, e.Decision.Would = "block", "block"
	}
	return e
}
