package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/policy"
)

func TestWhatLeadsNowhereIsWarnedOf(t *testing.T) {
	const quiet = `defaults:
  unreviewed: {action: block}
gaps: {unreviewed: block}
`
	reachable := config.Console{Listen: "0.0.0.0:8080", URL: "https://sluice.example.com"}
	cases := map[string]struct {
		file   config.File
		policy string
		want   []string
	}{
		"a policy that only blocks": {config.File{}, quiet, nil},
		"notify without a channel": {config.File{}, quiet + "rules:\n  - {id: a, action: notify}\n  - {id: b, when: 'app.status == \"approved\"', action: notify}\n", []string{
			`policy.yaml:5: rule "a" (and 1 more): notify tells nobody: no channel under notify takes it; add one, or write log`,
		}},
		"notify with a channel":                         {config.File{Notify: []config.Notify{{Type: "slack"}}}, quiet + "rules: [{id: a, action: notify}]", nil},
		"notify with a channel that takes other things": {config.File{Notify: []config.Notify{{Type: "slack", Actions: []string{"block"}}}}, quiet + "rules: [{id: a, action: notify}]", []string{`policy.yaml:4: rule "a": notify tells nobody: no channel under notify takes it; add one, or write log`}},
		"a rule that only observes":                     {config.File{}, quiet + "rules: [{id: a, action: isolate, mode: observe}]", nil},
		"a channel that nothing leads to":               {config.File{Notify: []config.Notify{{Type: "slack"}}}, quiet, []string{`notify[0]: the channel has nothing to tell: no rule and no default of the policy comes to its actions`}},
		"isolate with one page for all": {config.File{Isolate: config.Isolate{Template: "https://rbi.example/{{.URL}}"}}, quiet + "rules: [{id: a, action: isolate}]", []string{
			`policy.yaml:4: rule "a": isolate leads everybody to one page: write {url} in isolate.template where the address belongs`,
		}},
		"isolate without a place": {config.File{}, quiet + "rules: [{id: a, action: isolate}]", []string{
			`policy.yaml:4: rule "a": isolate leads nowhere, and blocks: set isolate.template`,
		}},
		"the defaults without a console": {config.File{}, "", []string{
			"defaults.unreviewed (and 1 more): coach has no page to lead to, and blocks: set console.url to the address that people reach the console at",
		}},
		"the defaults with one":              {config.File{Console: reachable}, "", nil},
		"a console that is not there":        {config.File{Console: config.Console{URL: "https://sluice.example.com"}}, "", []string{"defaults.unreviewed (and 1 more): the page that coach leads to is not served: console.listen is empty"}},
		"a console on one's own machine":     {config.File{Console: config.Console{Listen: ":8080", URL: "http://localhost:8080"}, ICAP: config.ICAP{Listen: ":1344"}}, "", []string{"defaults.unreviewed (and 1 more): the page that coach leads to cannot be reached: console.url names localhost, which is each person's own machine"}},
		"a console on one's own, in a trial": {config.File{Console: config.Console{Listen: ":8080", URL: "http://127.0.0.1:8080"}, ICAP: config.ICAP{Listen: "127.0.0.1:1344"}}, "", nil},
		"facts that nothing tells": {config.File{}, quiet + "rules:\n  - {id: a, when: 'source.country == \"DE\" || source.site == \"x\" || device.id == \"\" || device.posture == \"managed\"', action: block}", []string{
			`policy.yaml:5: rule "a": source.country is always empty: set geo.mmdb, or a country under geo.sites`,
			`policy.yaml:5: rule "a": source.site is always empty: name networks under geo.sites`,
			`policy.yaml:5: rule "a": device.id is always empty: name its ICAP header as identity.headers.device`,
			`policy.yaml:5: rule "a": device.posture is always empty: name its ICAP header as identity.headers.posture`,
		}},
		"facts that are told": {config.File{
			Geo: config.Geo{Sites: []config.Site{{CIDR: "10.0.0.0/8", Name: "x", Country: "DE"}}}, Identity: config.Identity{Headers: map[string]string{"device": "X-D", "posture": "X-P"}},
		}, quiet + "rules:\n  - {id: a, when: 'source.country == \"DE\" || source.site == \"x\" || device.id == \"\" || device.posture == \"managed\"', action: block}", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := policy.Parse("policy.yaml", []byte(c.policy), policy.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, deadEnds(&c.file, p)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
