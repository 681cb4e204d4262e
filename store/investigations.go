package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Investigation is a prepared question to the explorer. The same text runs on both
// databases.
type Investigation struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	About string   `json:"about"`
	Needs []string `json:"needs"` // what is asked for besides a period: user, app
	SQL   string   `json:"sql"`

	args []argument
}

// argument is what a placeholder stands for.
type argument int

const (
	argUser argument = iota
	argApp
	argFrom
	argTo
	argFromHour
	argToHour
	argFromDay
	argToDay
)

// Question is what an investigation is about.
type Question struct {
	Period
	User, App string // User is ~17 when Names is not set
	Names     bool   // see [Exploration]
}

func (q Question) bind(args []argument) []any {
	fromHour, toHour := q.hours()
	fromDay, toDay := q.days()
	values := map[argument]any{
		argUser: q.User, argApp: q.App, argFrom: q.From.UTC(), argTo: q.To.UTC(),
		argFromHour: fromHour, argToHour: toHour, argFromDay: fromDay, argToDay: toDay,
	}
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = values[a]
	}
	return out
}

// Investigate runs a prepared investigation; [ErrNotFound] when there is none of that id.
func (s *Store) Investigate(ctx context.Context, id string, q Question) (Table, error) {
	list := Investigations()
	i := slices.IndexFunc(list, func(one Investigation) bool { return one.ID == id })
	if i < 0 {
		return Table{}, fmt.Errorf("investigation %q: %w", id, ErrNotFound)
	}
	if q.To.IsZero() {
		q.Period = Last(7*24*time.Hour, time.Now())
	}
	// They are ours, and bounded by their period: no need to guess what they cost.
	return s.Explore(ctx, Exploration{SQL: list[i].SQL, Args: q.bind(list[i].args), Costly: true, Names: q.Names})
}

// Investigations returns the prepared investigations.
func Investigations() []Investigation {
	hours, days, span := []argument{argFromHour, argToHour}, []argument{argFromDay, argToDay}, []argument{argFrom, argTo}
	return []Investigation{
		{
			ID: "user-trace", Title: "Trace a person's AI activity", About: "Every event of a person, newest first.",
			Needs: []string{"user"}, args: append([]argument{argUser}, span...),
			SQL: `SELECT time, app, status, activity, action, findings, detectors, bytes_out, ip, device, country, rule, id
FROM events WHERE user_name = $1 AND ts >= $2 AND ts < $3 ORDER BY ts DESC, id DESC LIMIT 1000`,
		},
		{
			ID: "exfiltration", Title: "Exfiltration attempts", About: "Who sent what kind of data to which category of AI app, and how much was stopped.",
			args: span,
			SQL: `SELECT user_name, category, detector, COUNT(*) AS hits, CAST(SUM(findings) AS bigint) AS values_found,
CAST(SUM(CASE WHEN action IN ('allow', 'log', 'notify') THEN 0 ELSE 1 END) AS bigint) AS stopped, COUNT(DISTINCT app) AS apps
FROM matches WHERE ts >= $1 AND ts < $2 GROUP BY user_name, category, detector
ORDER BY hits DESC, user_name, category, detector LIMIT 500`,
		},
		{
			ID: "source-anomalies", Title: "Odd addresses", About: "Addresses from which several people, or one person in several countries, used AI apps that are not approved.",
			args: hours,
			SQL: `SELECT ip, COUNT(DISTINCT user_name) AS people, COUNT(DISTINCT country) AS countries, COUNT(DISTINCT app) AS apps,
CAST(SUM(events) AS bigint) AS events, CAST(SUM(bytes_out) AS bigint) AS bytes_out
FROM usage WHERE hour >= $1 AND hour < $2 AND status <> 'approved' AND ip <> ''
GROUP BY ip HAVING COUNT(DISTINCT user_name) > 1 OR COUNT(DISTINCT country) > 1
ORDER BY people DESC, countries DESC, events DESC, ip LIMIT 500`,
		},
		{
			ID: "country-anomalies", Title: "Odd countries", About: "Countries with little use, by the status of what was used there, rarest first.",
			args: days,
			SQL: `SELECT country, status, CAST(SUM(events) AS bigint) AS events, CAST(SUM(uploads) AS bigint) AS uploads,
CAST(SUM(bytes_out) AS bigint) AS bytes_out, COUNT(DISTINCT app) AS apps
FROM places WHERE day >= $1 AND day < $2 AND country <> '' GROUP BY country, status
ORDER BY events, country, status LIMIT 200`,
		},
		{
			ID: "status-anomalies", Title: "Use against the status", About: "People who keep using apps that are unapproved, in spite of being stopped.",
			args: hours,
			SQL: `SELECT user_name, app, CAST(SUM(events) AS bigint) AS events, CAST(SUM(stopped) AS bigint) AS stopped,
COUNT(DISTINCT hour) AS hours, CAST(SUM(bytes_out) AS bigint) AS bytes_out
FROM usage WHERE hour >= $1 AND hour < $2 AND status = 'unapproved' GROUP BY user_name, app
ORDER BY events DESC, user_name, app LIMIT 500`,
		},
		{
			ID: "large-uploads", Title: "Largest uploads", About: "The uploads with most bytes, whether or not anything was found in them.",
			args: span,
			SQL: `SELECT time, user_name, app, status, action, bytes_out, findings, gaps, ip, id
FROM events WHERE ts >= $1 AND ts < $2 AND activity = 'upload' ORDER BY bytes_out DESC, id LIMIT 200`,
		},
		{
			ID: "shared-devices", Title: "Shared devices", About: "Devices that several people used for AI apps.",
			args: hours,
			SQL: `SELECT device, COUNT(DISTINCT user_name) AS people, COUNT(DISTINCT ip) AS addresses, CAST(SUM(events) AS bigint) AS events
FROM usage WHERE hour >= $1 AND hour < $2 AND device <> '' GROUP BY device HAVING COUNT(DISTINCT user_name) > 1
ORDER BY people DESC, events DESC, device LIMIT 500`,
		},
		{
			ID: "switched-app", Title: "Stopped, then elsewhere", About: "People who were stopped at one app and uploaded or prompted at another in the same hour.",
			args: hours,
			SQL: `SELECT a.user_name, a.app AS stopped_at, b.app AS went_to, b.status, COUNT(*) AS hours, CAST(SUM(b.bytes_out) AS bigint) AS bytes_out
FROM usage a JOIN usage b ON b.user_name = a.user_name AND b.hour = a.hour AND b.app <> a.app
WHERE a.hour >= $1 AND a.hour < $2 AND b.hour >= $1 AND b.hour < $2 AND a.stopped > 0 AND b.prompts + b.uploads > b.stopped
GROUP BY a.user_name, a.app, b.app, b.status ORDER BY hours DESC, bytes_out DESC, a.user_name, stopped_at, went_to, b.status LIMIT 500`,
		},
		{
			ID: "night-use", Title: "Use at night", About: "People with most use between 22:00 and 05:00 UTC.",
			args: hours,
			SQL: `SELECT user_name, COUNT(DISTINCT hour) AS hours, COUNT(DISTINCT app) AS apps, CAST(SUM(events) AS bigint) AS events,
CAST(SUM(bytes_out) AS bigint) AS bytes_out
FROM usage WHERE hour >= $1 AND hour < $2 AND (hour % 24 >= 22 OR hour % 24 < 5) GROUP BY user_name
ORDER BY events DESC, user_name LIMIT 200`,
		},
		{
			ID: "failed-open", Title: "Failed open", About: "What could not be inspected and went through, by app and reason.",
			args: days,
			SQL: `SELECT app, gap, CAST(SUM(events) AS bigint) AS events, CAST(SUM(bytes_out) AS bigint) AS bytes_out
FROM coverage WHERE day >= $1 AND day < $2 AND gap <> '' AND passed = 1 GROUP BY app, gap ORDER BY events DESC, app, gap LIMIT 200`,
		},
		{
			ID: "exceptions-used", Title: "Exceptions and what they let through", About: "Exceptions with the findings of their person at their app that went through in the period.",
			args: span,
			SQL: `SELECT x.user_name, x.app, x.subject, x.state, COUNT(m.event) AS findings
FROM exceptions x LEFT JOIN matches m ON m.user_name = x.user_name AND m.app = x.app AND m.ts >= $1 AND m.ts < $2
AND m.ts >= x.created AND m.action IN ('allow', 'log', 'notify')
GROUP BY x.user_name, x.app, x.subject, x.state ORDER BY findings DESC, x.user_name, x.app, x.subject, x.state LIMIT 500`,
		},
		{
			ID: "app-users", Title: "Who uses an app", About: "The people who use one app, with what they sent.",
			Needs: []string{"app"}, args: append([]argument{argApp}, hours...),
			SQL: `SELECT user_name, CAST(SUM(events) AS bigint) AS events, CAST(SUM(prompts) AS bigint) AS prompts,
CAST(SUM(uploads) AS bigint) AS uploads, CAST(SUM(matched) AS bigint) AS matched, CAST(SUM(bytes_out) AS bigint) AS bytes_out
FROM usage WHERE app = $1 AND hour >= $2 AND hour < $3 GROUP BY user_name ORDER BY events DESC, user_name LIMIT 500`,
		},
	}
}
