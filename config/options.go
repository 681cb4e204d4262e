package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/store"
)

// ICAPOptions returns the options of the ICAP server, without services and TLS.
func (f *File) ICAPOptions() icap.Options {
	var allow []netip.Prefix
	for _, s := range f.ICAP.Allow {
		if p, err := parsePrefix(s); err == nil { // validate has refused the others
			allow = append(allow, p)
		}
	}
	return icap.Options{
		Allow:    allow,
		MaxConns: f.ICAP.MaxConnections,
		Memory:   int64(f.ICAP.Memory),
		Spill:    int64(f.ICAP.Spill),
		SpillDir: f.DataDir,
		FailOpen: f.FailOpen(),
		Deadline: time.Duration(f.ICAP.Deadline),
	}
}

// FailOpen reports whether a request passes when budgets are spent.
func (f *File) FailOpen() bool { return f.ICAP.Overload == "open" }

// ExtractOptions returns the limits of extraction.
func (f *File) ExtractOptions() extract.Options {
	return extract.Options{
		Expanded: int64(f.Extract.Expanded), Member: int64(f.Extract.Member), Text: int64(f.Extract.Text),
		Depth: f.Extract.Depth, Members: f.Extract.Members, Time: time.Duration(f.Extract.Time), OCR: f.Extract.OCR,
	}
}

// OIDCOptions returns how people sign in by the identity provider, if they do. It reads
// the client's secret.
func (f *File) OIDCOptions() (console.OIDC, error) {
	c := f.Console.OIDC
	o := console.OIDC{
		Issuer: c.Issuer, ClientID: c.ClientID, Scopes: c.Scopes, GroupsClaim: c.GroupsClaim,
		Roles: map[console.Role][]string{}, Rights: map[console.Right][]string{},
	}
	for role, groups := range c.Roles {
		o.Roles[console.Role(role)] = groups
	}
	for right, groups := range c.Rights {
		o.Rights[console.Right(right)] = groups
	}
	if c.Issuer == "" || c.ClientSecretFile == "" {
		return o, nil
	}
	secret, err := os.ReadFile(c.ClientSecretFile)
	if err != nil {
		return o, fmt.Errorf("read console.oidc.client_secret_file: %w", err)
	}
	o.ClientSecret = strings.TrimSpace(string(secret))
	return o, nil
}

// StoreOptions returns the options of the store.
func (f *File) StoreOptions(log *slog.Logger) store.Options {
	return store.Options{URL: f.Database.URL.Reveal(), DataDir: f.DataDir, Log: log}
}

// StoreRetention returns how long the store keeps what.
func (f *File) StoreRetention() store.Retention {
	r := f.Retention
	return store.Retention{Events: time.Duration(r.Events), Rollups: time.Duration(r.Rollups), Payloads: time.Duration(r.Payloads)}
}
