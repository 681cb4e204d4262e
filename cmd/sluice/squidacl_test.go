package main

import (
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/classify"
)

func TestSquidACLHoldsWholeHostsOnlyAndNothingTwice(t *testing.T) {
	got := squidACL("unapproved", []classify.Host{
		{Name: "deepseek.com", Match: "suffix", Scope: "host"},
		{Name: "chat.deepseek.com", Match: "suffix", Scope: "host"},
		{Name: "deepseek.com", Match: "exact", Scope: "host"},
		{Name: "api.x.ai", Match: "exact", Scope: "host"},
		{Name: "www.notion.so", Match: "suffix", Scope: "path"},
		{Name: "ai-*.example.net", Match: "wildcard", Scope: "host"},
	})
	for _, want := range []string{
		"acl sluice_unapproved dstdomain .deepseek.com\n", "acl sluice_unapproved dstdomain api.x.ai\n",
		"acl sluice_unapproved_tls ssl::server_name .deepseek.com\n",
		`acl sluice_unapproved_pattern dstdom_regex -i ^ai-[^.]*\.example\.net$` + "\n",
		"http_access deny sluice_unapproved\n", "ssl_bump terminate sluice_unapproved_tls\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "notion") || strings.Contains(got, "chat.deepseek") || strings.Count(got, "dstdomain") != 2 {
		t.Errorf("too much in:\n%s", got)
	}
	if got := squidACL("approved", nil); !strings.HasPrefix(got, "#") {
		t.Errorf("an empty list is not a comment: %q", got)
	}
}
