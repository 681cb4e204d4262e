package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/sluice-dlp/sluice/config"
)

// places tells where addresses are: by the table of sites, and by a database in MaxMind's
// format. It is immutable and safe for concurrent use.
type places struct {
	sites []place           // the longest prefix first
	mmdb  *maxminddb.Reader // nil: none
}

type place struct {
	prefix        netip.Prefix
	name, country string
}

// openPlaces returns nil when settings say nothing of places.
func openPlaces(g config.Geo) (*places, error) {
	if g.MMDB == "" && len(g.Sites) == 0 {
		return nil, nil
	}
	p := &places{}
	var errs []error
	for _, s := range g.Sites {
		prefix, err := netip.ParsePrefix(s.CIDR)
		if err != nil {
			errs = append(errs, fmt.Errorf("geo.sites: %w", err))
			continue
		}
		p.sites = append(p.sites, place{prefix.Masked(), s.Name, s.Country})
	}
	slices.SortStableFunc(p.sites, func(a, b place) int { return cmp.Compare(b.prefix.Bits(), a.prefix.Bits()) })
	if g.MMDB != "" {
		db, err := maxminddb.Open(g.MMDB)
		if err != nil {
			errs = append(errs, fmt.Errorf("geo.mmdb %s: %w; want a country or city database in MaxMind's format", g.MMDB, err))
		}
		p.mmdb = db
	}
	return p, errors.Join(errs...)
}

// Locate returns the country (ISO 3166) and site of an address; "" is unknown.
func (p *places) Locate(ip netip.Addr) (country, site string) {
	for _, s := range p.sites {
		if s.prefix.Contains(ip) {
			country, site = s.country, s.name
			break
		}
	}
	if country != "" || p.mmdb == nil {
		return country, site
	}
	var record struct {
		Country struct {
			ISOCode string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
	}
	if err := p.mmdb.Lookup(ip).Decode(&record); err != nil {
		return "", site
	}
	return record.Country.ISOCode, site
}
