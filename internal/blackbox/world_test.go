package blackbox

import (
	"testing"

	"github.com/sluice-dlp/sluice/internal/blackbox/origin"
	"github.com/sluice-dlp/sluice/internal/blackbox/pki"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// world is what surrounds a Sluice: a Squid with the example configuration, and behind it a
// fake of the AI services.
type world struct {
	icap   string // where Squid looks for Sluice
	origin *origin.Server
	squid  *squid.Squid
}

// startWorld starts origin and Squid. Sluice should answer on the icap address before: Squid
// waits half a minute before it asks a service again that was not there.
func startWorld(t *testing.T, icapAddr, second string) *world {
	t.Helper()
	return startWorldWith(t, squid.Options{ICAP: icapAddr, SecondICAP: second})
}

// startWorldWith starts a world whose Squid has options beside those that lead to the origin.
func startWorldWith(t *testing.T, o squid.Options) *world {
	t.Helper()
	ca, err := pki.NewAuthority("Test origin CA")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Issue(origin.Hosts()...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{icap: o.ICAP, origin: origin.Start(t, proc.FreeAddr(t), cert)}
	o.Example, o.Parent = "../../examples/squid", origin.StartGate(t, proc.FreeAddr(t), w.origin)
	o.OriginCA, o.Hosts = ca.CertPEM(), origin.Hosts()
	w.squid = squid.Start(t, o)
	return w
}
