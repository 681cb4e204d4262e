package profiles_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluice-dlp/sluice/dlp"
)

// overlaps are the detectors that speak up at another's tests, and why they are right.
var overlaps = map[string]struct {
	others []string
	why    string
}{
	"aws_secret_access_key": {[]string{"aws_access_key_id"}, "one test holds both halves of a key"},
	"azure_other":           {[]string{"date"}, "a shared access signature says when it ends"},
	"card_cvv":              {[]string{"credit_card"}, "one test holds the card beside its code"},
	"passport":              {[]string{"de_passport", "es_passport", "in_passport"}, "one country's passport is a passport; its detector says more and wins"},
	"password":              {[]string{"url"}, "curl gets the password and an address"},
	"us_bank_account":       {[]string{"us_aba_routing"}, "one test holds the routing number beside the account"},
}

// everything compiles the built-in rules with one more profile that uses all detectors, also
// those that are there for authors.
func everything(t *testing.T, all map[string]declared) *dlp.Engine {
	t.Helper()
	ids := slices.Sorted(maps.Keys(all))
	return engine(t, fstest.MapFS{"all.yaml": {Data: []byte("profiles: [{id: all, use: [" + strings.Join(ids, ", ") + "]}]\n")}})
}

// Every detector's match tests are scanned by all detectors together: its own finds
// something, and no other does, but for the overlaps above.
func TestDetectorsKeepToThemselves(t *testing.T) {
	all := builtins(t)
	e := everything(t, all)
	used := map[string]map[string]bool{}
	cells := 0
	for id, d := range all {
		for i := range d.Tests.Match {
			cells += len(all)
			report := e.Scan(context.Background(), dlp.Query{MinConfidence: dlp.Low}, dlp.Text{Data: []byte(text(t, &d.Tests.Match[i]))})
			own := false
			for _, f := range report.Findings {
				switch {
				case f.Detector == id:
					own = true
				case f.Confidence < dlp.Medium:
				case slices.Contains(overlaps[id].others, f.Detector):
					if used[id] == nil {
						used[id] = map[string]bool{}
					}
					used[id][f.Detector] = true
				default:
					t.Errorf("%s: its match test %d is also %s (%v)", id, i+1, f.Detector, f.Evidence)
				}
			}
			if !own && (len(report.Findings) == 0 || !slices.Contains(overlaps[id].others, report.Findings[0].Detector)) {
				t.Errorf("%s: its match test %d is not found or taken for another's", id, i+1)
			}
		}
	}
	for id, o := range overlaps {
		if o.why == "" {
			t.Errorf("%s: its overlaps have no reason", id)
		}
		for _, other := range o.others {
			if !used[id][other] {
				t.Errorf("%s and %s do not overlap any more: remove them from the list", id, other)
			}
		}
	}
	if cells < 60_000 {
		t.Errorf("%d cells, want at least 60,000", cells)
	}
}
