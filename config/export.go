package config

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/sluice-dlp/sluice/export"
)

// exportTypes say which settings an exporter of a type needs, and which it may have beside
// those that all have.
var exportTypes = map[export.Type]struct{ needs, may []string }{
	export.File:   {[]string{"path"}, nil},
	export.Stdout: {nil, nil},
	export.Syslog: {[]string{"url"}, []string{"ca", "cert", "key"}},
	export.HTTP:   {[]string{"url"}, []string{"token", "token_file", "ca", "cert", "key"}},
}

// set returns what is set of an exporter, by the key in the file.
func (e *Export) set() map[string]string {
	return map[string]string{
		"path": e.Path, "url": e.URL.Reveal(), "token": e.Token.Reveal(), "token_file": e.TokenFile, "ca": e.CA, "cert": e.Cert, "key": e.Key,
	}
}

func (f *File) validateExport(fail func(key, format string, args ...any)) {
	names := map[string]int{}
	for i := range f.Export {
		e := &f.Export[i]
		at := fmt.Sprintf("export[%d]", i)
		kind, known := exportTypes[export.Type(e.Type)]
		if !known {
			fail(at+".type", "must be one of file, http, stdout, syslog, not %q", e.Type)
			continue
		}
		e.validate(at, kind.needs, kind.may, fail)
		if first, taken := names[e.name()]; taken {
			fail(at+".name", "export[%d] has the same name %q; each needs one of its own", first, e.name())
		}
		names[e.name()] = i
	}
}

func (e *Export) validate(at string, needs, may []string, fail func(key, format string, args ...any)) {
	set := e.set()
	for _, key := range needs {
		if set[key] == "" {
			fail(at+"."+key, "an exporter of type %s needs it", e.Type)
		}
		delete(set, key)
	}
	for _, key := range may {
		delete(set, key)
	}
	for key, value := range set {
		if value != "" {
			fail(at+"."+key, "means nothing for an exporter of type %s; remove it", e.Type)
		}
	}
	for key, path := range map[string]string{"token_file": e.TokenFile, "ca": e.CA, "cert": e.Cert, "key": e.Key} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			fail(at+"."+key, "%s: no such file; create it or correct the path", path)
		}
	}
	if (e.Cert == "") != (e.Key == "") {
		fail(at+".cert", "cert and key belong together")
	}
	if e.Token != "" && e.TokenFile != "" {
		fail(at+".token", "set token or token_file, not both")
	}
	if e.Only != "" && e.Only != "all" && e.Only != "notable" {
		fail(at+".only", "must be one of all, notable, not %q", e.Only)
	}
	if e.URL != "" {
		e.validateURL(at, fail)
	}
}

// validateURL never shows the URL: it may hold a credential.
func (e *Export) validateURL(at string, fail func(key, format string, args ...any)) {
	u, err := url.Parse(e.URL.Reveal())
	switch {
	case export.Type(e.Type) == export.Syslog && (err != nil || u.Scheme != "tls" || u.Hostname() == ""):
		fail(at+".url", "is not an address of syslog over TLS; write for example tls://siem.example.com:6514")
	case export.Type(e.Type) == export.HTTP && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == ""):
		fail(at+".url", "is not a URL; write for example https://splunk.example.com:8088/services/collector/event")
	}
}

// name is that of the cursor: the one that is set, or type and receiver.
func (e *Export) name() string {
	if e.Name != "" {
		return e.Name
	}
	where := e.Path
	if u, err := url.Parse(e.URL.Reveal()); err == nil && e.URL != "" {
		where = u.Host
	}
	return strings.TrimSuffix(e.Type+" "+where, " ")
}

// ExportOptions returns the options of every exporter. The error says which token could
// not be read.
func (f *File) ExportOptions() ([]export.Options, error) {
	list := make([]export.Options, 0, len(f.Export))
	for i := range f.Export {
		e := &f.Export[i]
		o := export.Options{
			Name: e.name(), Type: export.Type(e.Type), Path: e.Path, URL: e.URL.Reveal(), Token: e.Token.Reveal(),
			CA: e.CA, Cert: e.Cert, Key: e.Key, Notable: e.Only == "notable", History: e.History,
		}
		if e.TokenFile != "" {
			token, err := os.ReadFile(e.TokenFile)
			if err != nil {
				return nil, fmt.Errorf("export[%d].token_file: %w", i, err)
			}
			o.Token = string(bytes.TrimSpace(token))
		}
		list = append(list, o)
	}
	return list, nil
}
