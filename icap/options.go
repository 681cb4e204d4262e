package icap

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Service is what one ICAP URI path offers (RFC 3507 §4.10.2).
type Service struct {
	Path    string // "/reqmod"
	Method  Method // MethodReqmod or MethodRespmod
	Handler Handler
	Preview int           // bytes announced by OPTIONS; -1 announces none
	Name    string        // the text of the Service header; default "Sluice"
	ISTag   func() string // unquoted, at most 30 bytes; asked once a request
	TTL     time.Duration // Options-TTL; default 5 minutes
	Include []string      // X-Include: ICAP header fields the client should send
	Via     string        // what a Via field in modified messages says (RFC 3507 §4.4.2); empty adds none
}

// Options configure a [Server]. A zero field means the default in its comment.
type Options struct {
	Services []Service
	Log      *slog.Logger   // default: discard
	Allow    []netip.Prefix // client networks; empty allows all
	TLS      *tls.Config    // used by ServeTLS

	MaxConns    int           // open connections; default 10,000
	Memory      int64         // bytes of bodies held in memory by all requests; default 256 MiB
	Spill       int64         // bytes of bodies in temporary files by all requests; default 1 GiB
	SpillDir    string        // default os.TempDir()
	MaxInMemory int64         // a body over it spills; default 1 MiB
	FailOpen    bool          // what a request gets when a budget is spent: unmodified when true, else 503
	HeaderLimit int           // bytes of ICAP header; default 64 KiB
	HTTPLimit   int           // bytes of encapsulated headers; default 512 KiB
	Idle        time.Duration // between requests; default 10 minutes
	HeadTime    time.Duration // for a head to arrive; default 10 s
	BodyTime    time.Duration // without any progress inside a body; default 30 s
	Deadline    time.Duration // for the handler; default 5 s
	WriteTime   time.Duration // without any progress in writing; default 30 s
	DrainDelay  time.Duration // Shutdown first announces itself for this long: OPTIONS answers 503, all else goes on; default 0
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SpillDir == "" {
		o.SpillDir = os.TempDir()
	}
	orDefault(&o.MaxConns, 10_000)
	orDefault(&o.Memory, 256<<20)
	orDefault(&o.Spill, 1<<30)
	orDefault(&o.MaxInMemory, 1<<20)
	orDefault(&o.HeaderLimit, 64<<10)
	orDefault(&o.HTTPLimit, 512<<10)
	orDefault(&o.Idle, 10*time.Minute)
	orDefault(&o.HeadTime, 10*time.Second)
	orDefault(&o.BodyTime, 30*time.Second)
	orDefault(&o.Deadline, 5*time.Second)
	orDefault(&o.WriteTime, 30*time.Second)
}

func orDefault[T int | int64 | time.Duration](p *T, d T) {
	if *p == 0 {
		*p = d
	}
}

// check reports every mistake at once.
func (o *Options) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("icap: "+format, args...)) }
	seen := map[string]bool{}
	if len(o.Services) == 0 {
		bad("no services")
	}
	for i, s := range o.Services {
		switch {
		case !strings.HasPrefix(s.Path, "/") || strings.ContainsAny(s.Path, " ?\r\n\x00"):
			bad("service %d: path %q must begin with / and hold no blank or query", i, s.Path)
		case seen[s.Path]:
			bad("service %s is there twice", s.Path)
		}
		seen[s.Path] = true
		if s.Method != MethodReqmod && s.Method != MethodRespmod {
			bad("service %s: method must be REQMOD or RESPMOD", s.Path)
		}
		if s.Handler == nil {
			bad("service %s: no handler", s.Path)
		}
		if s.Preview < noPreview || s.Preview > maxPreview {
			bad("service %s: preview %d is not between -1 and %d", s.Path, s.Preview, maxPreview)
		}
		if !validValue(s.Name) || !validValue(s.Via) {
			bad("service %s: line end in its name", s.Path)
		}
		for _, name := range s.Include {
			if !isToken(name) {
				bad("service %s: %q is not the name of a header field", s.Path, name)
			}
		}
	}
	sizes := map[string]int64{
		"MaxConns": int64(o.MaxConns), "Memory": o.Memory, "Spill": o.Spill, "MaxInMemory": o.MaxInMemory,
		"HeaderLimit": int64(o.HeaderLimit), "HTTPLimit": int64(o.HTTPLimit), "Idle": int64(o.Idle), "HeadTime": int64(o.HeadTime),
		"BodyTime": int64(o.BodyTime), "Deadline": int64(o.Deadline), "WriteTime": int64(o.WriteTime),
		"DrainDelay": int64(o.DrainDelay),
	}
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		if sizes[name] < 0 {
			bad("%s is negative", name)
		}
	}
	if o.HeaderLimit > 1<<20 || o.HTTPLimit > 1<<20 || o.MaxInMemory > 2<<20 {
		bad("HeaderLimit and HTTPLimit may be 1 MiB at most, MaxInMemory 2 MiB")
	}
	return errors.Join(errs...)
}

// service is a [Service] with the parts of its answers that never change.
type service struct {
	Service
	options []byte // header fields of an OPTIONS answer, from Methods on
}

func compile(s Service, maxConns int) *service {
	if s.Name == "" {
		s.Name = "Sluice"
	}
	if s.ISTag == nil {
		s.ISTag = func() string { return "sluice" }
	}
	orDefault(&s.TTL, 5*time.Minute)
	id := strings.TrimPrefix(s.Path, "/")
	b := []byte("Methods: " + s.Method.String() + "\r\nService: " + s.Name + "\r\n")
	// RFC 3507 §4.10.2 says Service-ID; Squid reads ServiceId.
	b = append(b, "Service-ID: "+id+"\r\nServiceId: "+id+"\r\n"...)
	b = append(b, "Max-Connections: "+strconv.Itoa(maxConns)+"\r\nOptions-TTL: "...)
	b = strconv.AppendInt(b, int64(max(s.TTL/time.Second, 1)), 10)
	b = append(b, "\r\nAllow: 204, 206\r\n"...)
	if s.Preview != noPreview { // Squid previews nothing without Transfer-Preview
		b = append(b, "Preview: "+strconv.Itoa(s.Preview)+"\r\nTransfer-Preview: *\r\n"...)
	}
	if len(s.Include) > 0 {
		b = append(b, "X-Include: "+strings.Join(s.Include, ", ")+"\r\n"...)
	}
	return &service{Service: s, options: b}
}

// appendISTag appends an ISTag header field: a quoted string of at most 32 bytes
// (RFC 3507 §4.7). Bytes that cannot stand in it are left out.
func appendISTag(b []byte, tag string) []byte {
	b = append(b, "ISTag: \""...)
	for i := range min(len(tag), 30) {
		if c := tag[i]; c > ' ' && c < 0x7f && c != '"' && c != '\\' {
			b = append(b, c)
		}
	}
	return append(b, "\"\r\n"...)
}
