package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/store"
)

func (a *app) demoCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Show the main job on embedded defaults",
		Long: "Start Sluice in a directory of its own, send sample prompts and uploads through its ICAP port, print the\n" +
			"verdicts, then serve until Ctrl-C. Exit code 1 when a verdict is not the expected one.",
		Example: "  sluice demo\n  sluice demo --once",
		Args:    usageArgs(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return demo(cmd, once) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "exit after the table")
	return cmd
}

func demo(cmd *cobra.Command, once bool) error {
	defer untilSignal(cmd)()
	dir, err := os.MkdirTemp("", "sluice-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	f, err := demoSettings(dir)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	n, err := startNode(cmd.Context(), f, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	err = demoRun(cmd.Context(), n, out)
	if err == nil && !once {
		link, password, aerr := n.demoAccount(cmd.Context())
		if aerr != nil {
			return errors.Join(aerr, n.close())
		}
		fmt.Fprintf(out, "\nThe console lets you in, once and for 15 minutes, at\n\n  %s\n\nand at %s as %s with the password %s\n", link, n.console.url, demoUser, password)
		fmt.Fprintf(out, "\nSluice is serving ICAP on %s. Try, in another terminal:\n\n", n.icapAddr)
		fmt.Fprintf(out, "  sluice events list --config %s\n  sluice apps list --config %[1]s\n", filepath.Join(dir, "sluice.yaml"))
		fmt.Fprintf(out, "\nHow to put it behind Squid: docs/squid.md. Ctrl-C ends the demo and removes its directory.\n")
		err = n.wait(cmd.Context())
	}
	return errors.Join(err, n.close())
}

// demoSettings writes a settings file, so that other commands find the demo's data, and
// loads it. Ports that are taken are replaced by free ones.
func demoSettings(dir string) (*config.File, error) {
	path := filepath.Join(dir, "sluice.yaml")
	text := fmt.Sprintf("node: demo\nicap: {listen: %q}\nops: {listen: %q}\nconsole: {listen: %q}\n",
		freeOr("127.0.0.1:1344"), freeOr("127.0.0.1:9090"), freeOr("127.0.0.1:8080"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return config.Load(path, nil)
}

// freeOr returns addr when it can be listened on, else the same host with a free port.
func freeOr(addr string) string {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		host, _, _ := net.SplitHostPort(addr)
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return addr // the server will say what is wrong
		}
	}
	defer l.Close()
	return l.Addr().String()
}

// demoRun makes the demo's approval decisions, sends the samples and prints the verdicts.
func demoRun(ctx context.Context, n *node, out io.Writer) error {
	before := n.handler.Version()
	for id, status := range demoStatuses {
		s := store.AppStatus{App: id, Status: status, Note: "demo", By: "demo", At: time.Now().UTC()}
		if err := n.store.SetStatus(ctx, s); err != nil {
			return err
		}
	}
	n.reloadDecisions(ctx)
	if n.handler.Version() == before {
		return errors.New("demo: the approval statuses did not take effect")
	}
	client := &icap.Client{Addr: n.icapAddr.String()}
	defer client.Close()
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "WHO\tWHAT\tAPP\tSTATUS\tVERDICT\tFOUND")
	wrong := 0
	for _, s := range demoSamples() {
		v, err := demoSend(ctx, n, client, s)
		if err != nil {
			return fmt.Errorf("demo: %s: %w", s.what, err)
		}
		if s.review != "" {
			if err := n.store.SetReview(ctx, store.Review{Event: v.id, State: s.review, Reason: demoReasons[s.review], By: "demo"}); err != nil {
				return err
			}
		}
		note := ""
		if complaint := v.check(s); complaint != "" {
			note = "   <- WRONG: " + complaint
			wrong++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s%s\n", s.user, s.what, v.app, v.status, v.verdict, v.found, note)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("demo: %d of %d verdicts are not the expected ones", wrong, len(demoSamples()))
	}
	return nil
}

// demoReasons are why the demo's reviewer says so.
var demoReasons = map[store.ReviewState]string{store.ReviewConfirmed: "real_leak", store.ReviewFalsePositive: "wrong_match"}

// verdict is what came of one sample: the answer on the wire and the event on disk.
type verdict struct {
	id                          string // of the event
	app, status, verdict, found string
	action, detectors, response string
	passed                      bool
}

func demoSend(ctx context.Context, n *node, client *icap.Client, s sample) (verdict, error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return verdict{}, err
	}
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0\r\nAccept: */*\r\n", s.method, s.url, u.Host)
	if s.body != "" {
		head += fmt.Sprintf("Content-Type: %s\r\nContent-Length: %d\r\n", s.contentType, len(s.body))
	}
	reply, err := client.Do(ctx, icap.Message{
		Method: icap.MethodReqmod, Service: "/reqmod",
		Header:      []icap.Field{{Name: "X-Client-IP", Value: "10.0.0.7"}, {Name: "X-Authenticated-User", Value: s.user}},
		RequestHead: []byte(head + "\r\n"), Body: []byte(s.body), HasBody: s.body != "", Preview: reqmodPreview, Allow204: true,
	})
	if err != nil {
		return verdict{}, err
	}
	v := verdict{app: "-", status: "-", verdict: "passed", found: "-", passed: reply.ResponseHead == nil, response: string(reply.Body)}
	id := string(reply.Header.Get("X-Sluice-Id"))
	if id == "" {
		v.action, v.verdict = notAI, notAI
		return v, nil
	}
	v.id = id
	e, err := demoEvent(ctx, n, id)
	if err != nil {
		return v, err
	}
	v.fill(e)
	return v, nil
}

// demoEvent reads the event that belongs to an answer; one of plain use may be written up
// to 100 ms after it.
func demoEvent(ctx context.Context, n *node, id string) (event.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		e, err := n.store.Event(ctx, id)
		if !errors.Is(err, store.ErrNotFound) {
			return e, err
		}
		select {
		case <-ctx.Done():
			return e, fmt.Errorf("event %s was not recorded", id)
		case <-tick.C:
		}
	}
}

// demoVerdicts says in a word what an action did.
var demoVerdicts = map[string]string{"allow": "passed", "log": "logged", "coach": "coached", "block": "BLOCKED", "redact": "redacted", "notify": "notified", "isolate": "isolated"}

func (v *verdict) fill(e event.Event) {
	v.app, v.status, v.action = e.App.ID, e.App.Status, e.Decision.Action
	v.verdict = demoVerdicts[v.action]
	var found []string
	for _, m := range e.Matches {
		v.detectors += " " + m.Detector
		found = append(found, m.Detector+" "+strings.Join(m.Masked, " "))
	}
	if len(found) > 0 {
		v.found = strings.Join(found, ", ")
	}
}

// check returns what is wrong with the verdict, or "".
func (v verdict) check(s sample) string {
	stops := s.action == "block" || s.action == "coach"
	switch {
	case v.action != s.action:
		return "want " + s.action
	case v.passed == stops:
		return "the answer on the wire does not fit the recorded action"
	case s.detector != "" && !strings.Contains(v.detectors, s.detector):
		return "want a match of " + s.detector
	case s.detector == "" && v.detectors != "":
		return "nothing should match"
	case !strings.Contains(v.response, s.responseContains):
		return "the person cannot read " + s.responseContains
	}
	return ""
}
