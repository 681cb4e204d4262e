package reqmod

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// TestACancelledUploadIsNoErrorOfSluice: a client that hangs up in the middle of a body is a
// gap of its own name. It is neither the gap internal, which wakes somebody up, nor a sign that
// the app has changed its format.
func TestACancelledUploadIsNoErrorOfSluice(t *testing.T) {
	ended := make(chan struct{})
	w := newWorld(t, "", map[string]policy.Status{"openai-api": policy.Approved}, Options{})
	server, err := icap.New(icap.Options{Services: []icap.Service{{
		Path: "/reqmod", Method: icap.MethodReqmod, Preview: 65535,
		Handler: icap.HandlerFunc(func(ctx context.Context, r *icap.Request) icap.Answer {
			defer close(ended)
			return w.ServeICAP(ctx, r)
		}),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	defer func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-served
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	body := api("hello")
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", apiURL, len(body))
	fmt.Fprintf(conn, "REQMOD icap://x/reqmod ICAP/1.0\r\nHost: x\r\nAllow: 204\r\nPreview: 10\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%sa\r\n%s\r\n0\r\n\r\n",
		len(head), head, body[:10])
	const goOn = "ICAP/1.0 100 Continue\r\n\r\n"
	answer := make([]byte, len(goOn))
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != goOn {
		t.Fatalf("answer %q, %v, want 100 Continue", answer, err)
	}
	fmt.Fprintf(conn, "20\r\n%s", body[10:16])
	conn.Close()
	<-ended
	e := w.kept.events[0]
	if !slices.Equal(e.Gaps, []string{"undecodable"}) || !slices.Contains(e.Trace, event.Step{Rule: "limit", When: true, Reason: "undecodable: broken_off"}) {
		t.Errorf("gaps %v, trace %v, want the gap undecodable by broken_off", e.Gaps, e.Trace)
	}
	got := exposed(t, w.Handler)
	for _, want := range []string{`sluice_gaps_total{gap="internal"} 0`, `sluice_extract_limits_total{limit="broken_off"} 1`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, got)
		}
	}
	if strings.Contains(got, "sluice_extract_drift_total{") {
		t.Errorf("half a body is taken for a change of format:\n%s", got)
	}
}

// TestAPromptToAHostThatIsNotNamedIsRead: HTTP/1.0 needs no Host, and a transparent proxy knows
// the address without it.
func TestAPromptToAHostThatIsNotNamedIsRead(t *testing.T) {
	for name, fields := range map[string]string{
		"no Host":          "",
		"an empty Host":    "Host:\r\n",
		"a Host of a mile": "Host: " + strings.Repeat("x.", 300) + "example\r\n",
		"a pseudo-header":  ":authority: api.openai.com\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "", nil, Options{})
			r := request("POST", apiURL, api("my card is "+card))
			r.HTTP.Target, r.HTTP.Header = []byte("/v1/chat/completions"), icap.ParseHeader([]byte("Content-Type: application/json\r\n"+fields))
			w.ServeICAP(t.Context(), r)
			if len(w.kept.events) != 1 || w.kept.events[0].App.ID != "unknown" || len(w.kept.events[0].Matches) != 1 {
				t.Errorf("events %+v, want one of the app unknown with a match", w.kept.events)
			}
		})
	}
}
