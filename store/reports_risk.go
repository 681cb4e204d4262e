package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

// Spike is an app with far more requests than in the past.
type Spike struct {
	App     string  `json:"app"`
	Events  int64   `json:"events"`   // in the window
	Mean    float64 `json:"mean"`     // of windows in the past
	Sigma   float64 `json:"sigma"`    // their standard deviation
	Score   float64 `json:"score"`    // (events-mean)/sigma, sigma at least 1 and √mean
	BytesUp int64   `json:"bytes_up"` // sent in the window
}

// spikeScore is from where on a window is a spike, and spikeEvents what it needs at least.
const (
	spikeScore  = 4
	spikeEvents = 20
)

// Spikes compares the window up to at with as many windows before it as fit into past
// (default 24 h and 21 days), app by app, highest score first.
func (s *Store) Spikes(ctx context.Context, at time.Time, window, past time.Duration) ([]Spike, error) {
	hours := max(int64(cmp.Or(window, 24*time.Hour)/time.Hour), 1)
	windows := max(int64(cmp.Or(past, 21*24*time.Hour)/time.Hour)/hours, 1)
	to := floorDiv(at.Unix()+3599, 3600)
	from := to - hours*(windows+1)
	type app struct {
		now, bytes int64
		before     []int64
	}
	apps := map[string]*app{}
	err := s.rows(ctx, "spikes", func(scan func(dest ...any) error) error {
		var name string
		var bucket, events, bytes int64
		if err := scan(&name, &bucket, &events, &bytes); err != nil {
			return err
		}
		a := apps[name]
		if a == nil {
			a = new(app)
			apps[name] = a
		}
		if bucket >= windows {
			a.now, a.bytes = events, bytes
		} else {
			a.before = append(a.before, events)
		}
		return nil
	}, `SELECT app, bucket, CAST(SUM(events) AS bigint), CAST(SUM(bytes_out) AS bigint) FROM (
 SELECT app, (hour - CAST($1 AS int)) / CAST($3 AS int) AS bucket, events, bytes_out FROM app_hourly WHERE hour >= $1 AND hour < $2) x
 GROUP BY app, bucket ORDER BY app, bucket`, from, to, hours)
	if err != nil {
		return nil, err
	}
	list := []Spike{}
	for name, a := range apps {
		mean, sigma := deviation(a.before, windows)
		spike := Spike{App: name, Events: a.now, Mean: mean, Sigma: sigma, BytesUp: a.bytes}
		// A count varies by its root even when nothing changes.
		spike.Score = (float64(a.now) - mean) / max(sigma, math.Sqrt(mean), 1)
		if spike.Events >= spikeEvents && spike.Score >= spikeScore {
			list = append(list, spike)
		}
	}
	slices.SortFunc(list, func(a, b Spike) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.App, b.App))
	})
	return list, nil
}

// deviation returns mean and standard deviation of n windows, of which those that are not
// in list had nothing.
func deviation(list []int64, n int64) (mean, sigma float64) {
	for _, x := range list {
		mean += float64(x)
	}
	mean /= float64(n)
	for _, x := range list {
		sigma += (float64(x) - mean) * (float64(x) - mean)
	}
	sigma += float64(n-int64(len(list))) * mean * mean
	return mean, math.Sqrt(sigma / float64(n))
}

// Place is the use of an app from a country.
type Place struct {
	Country    string `json:"country"`
	App        string `json:"app"`
	Status     string `json:"status"`      // then
	NewCountry bool   `json:"new_country"` // nothing at all came from there before
	Usage
}

// Geography returns use from countries where the app was not used in the time past before
// the period (default 30 days), over whole days; countries that are new for all apps first.
func (s *Store) Geography(ctx context.Context, p Period, past time.Duration, limit int) ([]Place, error) {
	from, to := p.days()
	before := from - max(int64(cmp.Or(past, 30*24*time.Hour)/(24*time.Hour)), 1)
	list := []Place{}
	err := s.rows(ctx, "geography", func(scan func(dest ...any) error) error {
		var pl Place
		var known int64
		err := scan(append([]any{&pl.Country, &pl.App, &pl.Status, &known}, pl.dest()...)...)
		pl.NewCountry = known == 0
		list = append(list, pl)
		return err
	}, `SELECT x.country, x.app, x.status, CASE WHEN k.country IS NULL THEN 0 ELSE 1 END AS known, `+summed+`
 FROM (SELECT country, app, status, `+sums+` FROM place_daily WHERE day >= $1 AND day < $2 AND country <> '' GROUP BY country, app, status) x
 LEFT JOIN (SELECT DISTINCT country FROM place_daily WHERE day >= $3 AND day < $1) k ON k.country = x.country
 LEFT JOIN (SELECT DISTINCT country, app FROM place_daily WHERE day >= $3 AND day < $1) ka ON ka.country = x.country AND ka.app = x.app
 WHERE ka.app IS NULL ORDER BY known, events DESC, x.country, x.app, x.status LIMIT $4`, from, to, before, limited(limit, 100))
	return list, err
}

// Coverage says how much of an app's traffic was inspected.
type Coverage struct {
	App       string `json:"app"`
	Events    int64  `json:"events"`
	Full      int64  `json:"full"`      // visible as a whole
	Uploads   int64  `json:"uploads"`   // only uploads are visible
	Handshake int64  `json:"handshake"` // only that there was traffic
	Gaps      int64  `json:"gaps"`      // could not be inspected (too large, encrypted, …)
	FailOpen  int64  `json:"fail_open"` // … and were let through
	Shape     int64  `json:"shape"`     // recognised by shape alone: the catalogue has drifted
	Inspected int64  `json:"inspected"` // full or uploads, without a gap
	BytesOut  int64  `json:"bytes_out"`
}

// Coverage returns how much was inspected, app by app, over whole days, most requests first.
func (s *Store) Coverage(ctx context.Context, p Period, limit int) ([]Coverage, error) {
	from, to := p.days()
	list := []Coverage{}
	err := s.rows(ctx, "coverage", func(scan func(dest ...any) error) error {
		var c Coverage
		err := scan(&c.App, &c.Events, &c.Full, &c.Uploads, &c.Handshake, &c.Gaps, &c.FailOpen, &c.Shape, &c.Inspected, &c.BytesOut)
		list = append(list, c)
		return err
	}, `SELECT app, CAST(SUM(events) AS bigint) AS events,
 CAST(SUM(CASE WHEN visibility = 'full' THEN events ELSE 0 END) AS bigint),
 CAST(SUM(CASE WHEN visibility = 'uploads' THEN events ELSE 0 END) AS bigint),
 CAST(SUM(CASE WHEN visibility = 'handshake' THEN events ELSE 0 END) AS bigint),
 CAST(SUM(CASE WHEN gap <> '' THEN events ELSE 0 END) AS bigint),
 CAST(SUM(CASE WHEN gap <> '' AND passed = 1 THEN events ELSE 0 END) AS bigint),
 CAST(SUM(CASE WHEN source = 'shape' THEN events ELSE 0 END) AS bigint),
 CAST(SUM(CASE WHEN gap = '' AND visibility <> 'handshake' THEN events ELSE 0 END) AS bigint),
 CAST(SUM(bytes_out) AS bigint)
 FROM coverage_daily WHERE day >= $1 AND day < $2 GROUP BY app ORDER BY events DESC, app LIMIT $3`, from, to, limited(limit, 100))
	return list, err
}

// MatchCount is how often a detector of a profile found something.
type MatchCount struct {
	Profile  string `json:"profile"`
	Detector string `json:"detector"`
	Severity string `json:"severity"`
	Findings int64  `json:"findings"`
	Events   int64  `json:"events"`
	Stopped  int64  `json:"stopped"` // events with an action stricter than log
}

// Matches returns what was found by profile and detector, over whole days, most events
// first; an event in several profiles counts in each. With app, only that app.
func (s *Store) Matches(ctx context.Context, p Period, app string, limit int) ([]MatchCount, error) {
	return s.matches(ctx, p, app, limit, `profile`)
}

// Detections returns what was found by detector alone: Profile is empty.
func (s *Store) Detections(ctx context.Context, p Period, app string, limit int) ([]MatchCount, error) {
	return s.matches(ctx, p, app, limit, ``)
}

func (s *Store) matches(ctx context.Context, p Period, app string, limit int, by string) ([]MatchCount, error) {
	from, to := p.days()
	where := ` AND profile = ''`
	if by != "" {
		where = ` AND profile <> ''`
	}
	args := []any{from, to, limited(limit, 200)}
	if app != "" {
		where += ` AND app = $4`
		args = append(args, app)
	}
	list := []MatchCount{}
	err := s.rows(ctx, "matches", func(scan func(dest ...any) error) error {
		var m MatchCount
		err := scan(&m.Profile, &m.Detector, &m.Severity, &m.Findings, &m.Events, &m.Stopped)
		list = append(list, m)
		return err
	}, `SELECT profile, detector, severity, CAST(SUM(findings) AS bigint) AS findings, CAST(SUM(events) AS bigint) AS events,
 CAST(SUM(CASE WHEN action NOT IN ('', 'allow', 'log') THEN events ELSE 0 END) AS bigint)
 FROM match_daily WHERE day >= $1 AND day < $2`+where+` GROUP BY profile, detector, severity
 ORDER BY events DESC, profile, detector, severity LIMIT $3`, args...)
	return list, err
}
