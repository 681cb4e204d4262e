package main

import (
	"net/netip"
	"testing"

	"github.com/sluice-dlp/sluice/config"
)

func TestTheNarrowestSiteIsTheOneAnAddressIsIn(t *testing.T) {
	p, err := openPlaces(config.Geo{Sites: []config.Site{
		{CIDR: "10.0.0.0/8", Name: "Europe", Country: "NL"}, {CIDR: "10.1.0.0/16", Name: "Berlin", Country: "DE"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string][2]string{
		"10.1.2.3": {"DE", "Berlin"}, "10.2.2.3": {"NL", "Europe"}, "192.0.2.1": {"", ""},
	} {
		if country, site := p.Locate(netip.MustParseAddr(address)); country != want[0] || site != want[1] {
			t.Errorf("%s: %s %s, want %v", address, country, site, want)
		}
	}
	if p, err := openPlaces(config.Geo{}); p != nil || err != nil {
		t.Errorf("no settings: %v %v", p, err)
	}
	if _, err := openPlaces(config.Geo{MMDB: "missing.mmdb"}); err == nil {
		t.Error("a missing database is accepted")
	}
}
