package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

func (a *app) appsExportCommand() *cobra.Command {
	var status, format string
	cmd := &cobra.Command{
		Use: "export", Short: "Write what squid.conf needs to refuse apps of a status before decryption",
		Long: "Write access lists with the hosts of all apps of a status, for proxies that do not decrypt them. Squid then\n" +
			"refuses the CONNECT with its own page at best, or ends the TLS handshake by its server name: nobody sees\n" +
			"the reason, and nothing is recorded here. Where traffic is decrypted, let Sluice answer instead.",
		Example: "  sluice apps export --status unapproved --format squid-acl > /etc/squid/conf.d/sluice-unapproved.conf",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			want, err := policy.ParseStatus(status)
			if err != nil {
				return usageError{fmt.Errorf("--status: %w", err)}
			}
			if format != "squid-acl" {
				return usageError{fmt.Errorf("--format %q: want squid-acl", format)}
			}
			return a.withStore(cmd, func(ctx context.Context, c *config.File, s *store.Store) error {
				return exportACL(ctx, cmd.OutOrStdout(), c, s, want)
			})
		},
	}
	cmd.Flags().StringVar(&status, "status", string(policy.Unapproved), "apps of this approval status")
	cmd.Flags().StringVar(&format, "format", "squid-acl", "squid-acl")
	return cmd
}

func exportACL(ctx context.Context, out io.Writer, c *config.File, s *store.Store, want policy.Status) error {
	catalogue, err := loadCatalogue(c)
	if err != nil {
		return err
	}
	set, err := s.Statuses(ctx)
	if err != nil {
		return err
	}
	var hosts []classify.Host
	for _, app := range catalogue.Apps() {
		if listed(app, set).Status == want {
			hosts = append(hosts, app.Hosts...)
		}
	}
	for id, st := range set { // apps found by shape are named by host
		if _, known := catalogue.App(id); !known && st.Status == want && strings.Contains(id, ".") {
			hosts = append(hosts, classify.Host{Name: id, Match: "exact", Scope: "host"})
		}
	}
	_, err = io.WriteString(out, squidACL(string(want), hosts))
	return err
}

// squidACL writes access lists for CONNECT (dstdomain) and for the TLS server name. Hosts
// of which only some paths are AI are left out: refusing them would refuse the rest too.
func squidACL(status string, hosts []classify.Host) string {
	var domains, patterns []string
	for _, h := range hosts {
		switch {
		case h.Scope != "host":
		case h.Match == "suffix":
			domains = append(domains, "."+h.Name)
		case h.Match == "exact":
			domains = append(domains, h.Name)
		case h.Match == "wildcard":
			patterns = append(patterns, "^"+strings.ReplaceAll(regexp.QuoteMeta(h.Name), `\*`, `[^.]*`)+"$")
		}
	}
	domains = withoutCovered(domains)
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	if len(domains)+len(patterns) == 0 {
		return "# no app is " + status + "\n"
	}
	var b strings.Builder
	name := "sluice_" + status
	fmt.Fprintf(&b, "# Hosts of AI apps that are %s, written by 'sluice apps export'. Put it before the\n# http_access and ssl_bump rules that let requests through.\n", status)
	for _, d := range domains {
		fmt.Fprintf(&b, "acl %s dstdomain %s\nacl %s_tls ssl::server_name %s\n", name, d, name, d)
	}
	for _, p := range patterns {
		fmt.Fprintf(&b, "acl %s_pattern dstdom_regex -i %s\nacl %s_tls_pattern ssl::server_name_regex -i %s\n", name, p, name, p)
	}
	for _, kind := range []struct {
		list   []string
		suffix string
	}{{domains, ""}, {patterns, "_pattern"}} {
		if len(kind.list) > 0 {
			fmt.Fprintf(&b, "http_access deny %s%s\nssl_bump terminate %[1]s_tls%[2]s\n", name, kind.suffix)
		}
	}
	return b.String()
}

// withoutCovered sorts domains and drops those that another one covers: Squid refuses a
// list that holds both .example.com and www.example.com.
func withoutCovered(domains []string) []string {
	slices.Sort(domains)
	domains = slices.Compact(domains)
	covered := func(d string) bool {
		return slices.ContainsFunc(domains, func(other string) bool {
			return other != d && other[0] == '.' && strings.HasSuffix("."+strings.TrimPrefix(d, "."), other)
		})
	}
	var kept []string
	for _, d := range domains {
		if !covered(d) {
			kept = append(kept, d)
		}
	}
	return kept
}
