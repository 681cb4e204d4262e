package config

import (
	"bytes"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/notify"
	"github.com/sluice-dlp/sluice/policy"
)

// notifySchemes say where a channel of a type leads.
var notifySchemes = map[notify.Type]struct {
	schemes []string
	example string
}{
	notify.Webhook: {[]string{"https", "http"}, "https://tickets.example.com/sluice"},
	notify.Slack:   {[]string{"https", "http"}, "https://hooks.slack.com/services/…"},
	notify.SMTP:    {[]string{"smtp", "smtps"}, "smtp://mail.example.com:587"},
}

func (f *File) validateNotify(fail func(key, format string, args ...any)) {
	names := map[string]int{}
	for i := range f.Notify {
		n := &f.Notify[i]
		at := fmt.Sprintf("notify[%d]", i)
		if _, known := notifySchemes[notify.Type(n.Type)]; !known {
			fail(at+".type", "must be one of slack, smtp, webhook, not %q", n.Type)
			continue
		}
		n.validateAddress(at, fail)
		n.validateMail(at, fail)
		for k, action := range n.Actions {
			if _, err := policy.ParseAction(action); err != nil {
				fail(fmt.Sprintf("%s.actions[%d]", at, k), "%v", err)
			}
		}
		if n.Rate < 0 {
			fail(at+".rate", "must be 0 (the default, %d a minute) or more", notify.DefaultRate)
		}
		if first, taken := names[n.name()]; taken {
			fail(at+".name", "notify[%d] has the same name %q; each needs one of its own", first, n.name())
		}
		names[n.name()] = i
	}
}

// validateAddress never shows the URL: it may hold a credential.
func (n *Notify) validateAddress(at string, fail func(key, format string, args ...any)) {
	for key, path := range map[string]string{"url_file": n.URLFile, "ca": n.CA} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			fail(at+"."+key, "%s: no such file; create it or correct the path", path)
		}
	}
	if (n.URL == "") == (n.URLFile == "") {
		fail(at+".url", "set url or url_file, and not both")
		return
	}
	if n.URL == "" {
		return
	}
	to := notifySchemes[notify.Type(n.Type)]
	if u, err := url.Parse(n.URL.Reveal()); err != nil || !slices.Contains(to.schemes, u.Scheme) || u.Hostname() == "" {
		fail(at+".url", "is no address of a channel of type %s; write for example %s", n.Type, to.example)
	}
}

func (n *Notify) validateMail(at string, fail func(key, format string, args ...any)) {
	if notify.Type(n.Type) != notify.SMTP {
		if n.From != "" || len(n.To) > 0 {
			fail(at+".type", "from and to are for a channel of type smtp; remove them")
		}
		return
	}
	if n.Token != "" {
		fail(at+".token", "means nothing for a channel of type smtp; a password is part of the url")
	}
	if _, err := mail.ParseAddress(n.From); err != nil {
		fail(at+".from", "%q is no address; write for example sluice@example.com", n.From)
	}
	if len(n.To) == 0 {
		fail(at+".to", "name at least one address")
	}
	for k, to := range n.To {
		if _, err := mail.ParseAddress(to); err != nil {
			fail(fmt.Sprintf("%s.to[%d]", at, k), "%q is no address; write for example security@example.com", to)
		}
	}
}

// name is that of the cursor: the one that is set, or type and receiver.
func (n *Notify) name() string {
	if n.Name != "" {
		return n.Name
	}
	where := n.URLFile
	if u, err := url.Parse(n.URL.Reveal()); err == nil && n.URL != "" {
		where = u.Host
	}
	return strings.TrimSuffix(n.Type+" "+where, " ")
}

// NotifyOptions returns the options of every channel. The error says which file could not
// be read.
func (f *File) NotifyOptions() ([]notify.Options, error) {
	list := make([]notify.Options, 0, len(f.Notify))
	for i := range f.Notify {
		n := &f.Notify[i]
		o := notify.Options{
			Name: n.name(), Type: notify.Type(n.Type), URL: n.URL.Reveal(), Token: n.Token.Reveal(), From: n.From, To: n.To, CA: n.CA,
			Actions: n.Actions, Window: time.Duration(n.Window), Rate: n.Rate,
		}
		if n.URLFile != "" {
			text, err := os.ReadFile(n.URLFile)
			if err != nil {
				return nil, fmt.Errorf("notify[%d].url_file: %w", i, err)
			}
			o.URL = string(bytes.TrimSpace(text))
		}
		list = append(list, o)
	}
	return list, nil
}
