package main

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/notify"
	"github.com/sluice-dlp/sluice/policy"
)

// deadEnds warns of what the policy may decide and the settings cannot do, and of channels
// that nothing leads to.
func deadEnds(f *config.File, p *policy.Policy) (warnings []string) {
	uses := p.Uses()
	warn := func(places []string, why string) {
		if len(places) == 0 {
			return
		}
		more := ""
		if n := len(places) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
		warnings = append(warnings, places[0]+more+": "+why)
	}
	if !slices.ContainsFunc(f.Notify, func(n config.Notify) bool { return notify.Tells(n.Actions, policy.Notify.String()) }) {
		warn(placesOf(uses, policy.Notify), "notify tells nobody: no channel under notify takes it; add one, or write log")
	}
	switch t := f.Isolate.Template; {
	case t == "":
		warn(placesOf(uses, policy.Isolate), "isolate leads nowhere, and blocks: set isolate.template")
	case !strings.Contains(t, "{url}"):
		warn(placesOf(uses, policy.Isolate), "isolate leads everybody to one page: write {url} in isolate.template where the address belongs")
	}
	if why := coachLeadsNowhere(f); why != "" {
		warn(placesOf(uses, policy.Coach), why)
	}
	if f.Geo.MMDB == "" && !slices.ContainsFunc(f.Geo.Sites, func(s config.Site) bool { return s.Country != "" }) {
		warn(p.Mentions("source.country"), "source.country is always empty: set geo.mmdb, or a country under geo.sites")
	}
	if len(f.Geo.Sites) == 0 {
		warn(p.Mentions("source.site"), "source.site is always empty: name networks under geo.sites")
	}
	if f.Identity.Headers["device"] == "" {
		warn(p.Mentions("device.id"), "device.id is always empty: name its ICAP header as identity.headers.device")
	}
	if f.Identity.Headers["posture"] == "" {
		warn(p.Mentions("device.posture"), "device.posture is always empty: name its ICAP header as identity.headers.posture")
	}
	for i := range f.Notify {
		if !slices.ContainsFunc(uses, func(u policy.Use) bool { return notify.Tells(f.Notify[i].Actions, u.Action.String()) }) {
			warnings = append(warnings, fmt.Sprintf("notify[%d]: the channel has nothing to tell: no rule and no default of the policy comes to its actions", i))
		}
	}
	return warnings
}

func placesOf(uses []policy.Use, action policy.Action) (places []string) {
	for _, u := range uses {
		if u.Action == action {
			places = append(places, u.At)
		}
	}
	return places
}

// coachLeadsNowhere says why the link of a coached request cannot be followed, or "".
func coachLeadsNowhere(f *config.File) string {
	if f.Console.URL == "" {
		return "coach has no page to lead to, and blocks: set console.url to the address that people reach the console at"
	}
	if f.Console.Listen == "" {
		return "the page that coach leads to is not served: console.listen is empty"
	}
	u, err := url.Parse(f.Console.URL)
	if err != nil {
		return "" // told with the settings
	}
	if host := u.Hostname(); loopback(host) && !onlyLoopback(f.ICAP.Listen) {
		return fmt.Sprintf("the page that coach leads to cannot be reached: console.url names %s, which is each person's own machine", host)
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// onlyLoopback reports whether an address can be reached from its own machine alone, as in a
// trial: then a console there is fine.
func onlyLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopback(host)
}
