package main

import (
	"context"
	"crypto/rand"
	"net"
	"sync/atomic"
	"time"

	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/icap"
)

// probeHeader marks the test prompts of the console, which are no sign of a proxy.
const probeHeader = "X-Sluice-Probe"

// contact notes when the proxy last spoke to this node. It is on the path of every
// request: the address is taken once a second.
type contact struct {
	secret string
	last   atomic.Int64 // Unix seconds
	from   atomic.Pointer[net.Addr]
	probes atomic.Int64
}

func newContact() *contact { return &contact{secret: rand.Text()} }

// watch notes each request before next gets it.
func (c *contact) watch(next icap.Handler) icap.Handler {
	return icap.HandlerFunc(func(ctx context.Context, r *icap.Request) icap.Answer {
		if string(r.Header.Get(probeHeader)) == c.secret {
			c.probes.Add(1)
		} else if now := time.Now().Unix(); c.last.Swap(now) != now {
			from := r.RemoteAddr
			c.from.Store(&from)
		}
		return next.ServeICAP(ctx, r)
	})
}

// told joins that with the engine's counts.
func (c *contact) told(s icap.Stats) console.Contact {
	out := console.Contact{Requests: -c.probes.Load()}
	for method, statuses := range s.Answers {
		for _, n := range statuses {
			switch method {
			case icap.MethodReqmod, icap.MethodRespmod:
				out.Requests += n
			case icap.MethodOptions:
				out.Options += n
			}
		}
	}
	if at := c.last.Load(); at > 0 {
		out.Last = time.Unix(at, 0)
	}
	if from := c.from.Load(); from != nil {
		out.Address, _, _ = net.SplitHostPort((*from).String())
	}
	return out
}
