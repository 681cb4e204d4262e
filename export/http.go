package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-dlp/sluice/internal/outbound"
)

// collector posts to Splunk's HTTP event collector: one JSON object an event, one after the
// other, compressed.
type collector struct {
	o      Options
	client *http.Client
}

const (
	postTime = 30 * time.Second
	maxPost  = 1 << 20 // bytes of a request before compression; Splunk takes 1 MB at least
	maxWait  = time.Minute
)

func newCollector(o Options) (*collector, error) {
	conf, err := outbound.TLS(o.CA, o.Cert, o.Key)
	if err != nil {
		return nil, err
	}
	return &collector{o: o, client: outbound.Client(conf, postTime)}, nil
}

// refusal is an answer that says that the request will never be taken.
type refusal struct{ status int }

func (r *refusal) Error() string {
	return fmt.Sprintf("the receiver refuses it with status %d", r.status)
}

func (c *collector) send(ctx context.Context, list []entry) (int, error) {
	done := 0
	for done < len(list) {
		n, size := 0, 0
		for n < len(list)-done && (n == 0 || size+len(list[done+n].body) <= maxPost) {
			size += len(list[done+n].body)
			n++
		}
		if err := c.post(ctx, list[done:done+n]); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// post sends one request. One that the receiver calls malformed or too large is cut in two,
// down to single events: an event that it will never take is an error that stays, as no
// event may go missing silently.
func (c *collector) post(ctx context.Context, list []entry) error {
	err := c.postOnce(ctx, list)
	var refused *refusal
	if !errors.As(err, &refused) {
		return err
	}
	if len(list) == 1 {
		return fmt.Errorf("event %s: %w", list[0].e.ID, err)
	}
	if err := c.post(ctx, list[:len(list)/2]); err != nil {
		return err
	}
	return c.post(ctx, list[len(list)/2:])
}

func (c *collector) postOnce(ctx context.Context, list []entry) error {
	body, err := envelopes(list)
	if err != nil {
		return err
	}
	header := map[string]string{"Content-Encoding": "gzip"}
	if c.o.Token != "" {
		header["Authorization"] = "Splunk " + c.o.Token
	}
	status, answer, err := outbound.Post(ctx, c.client, c.o.URL, header, body)
	if err != nil {
		return err
	}
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge:
		return &refusal{status}
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		if err := pause(ctx, answer.Get("Retry-After")); err != nil {
			return err
		}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("post: status %d: check export's token", status)
	}
	return fmt.Errorf("post: status %d", status)
}

// pause waits as long as the receiver asks, within bounds.
func pause(ctx context.Context, retryAfter string) error {
	seconds, _ := strconv.Atoi(retryAfter) // 0, the usual back-off, where it is a date or nothing
	select {
	case <-time.After(min(max(time.Duration(seconds)*time.Second, 0), maxWait)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// envelope is what the collector wants around an event.
type envelope struct {
	Time       json.Number     `json:"time"`
	Host       string          `json:"host,omitempty"`
	Source     string          `json:"source"`
	SourceType string          `json:"sourcetype"`
	Event      json.RawMessage `json:"event"`
}

func envelopes(list []entry) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	enc := json.NewEncoder(z)
	enc.SetEscapeHTML(false)
	for _, r := range list {
		ms := r.e.Time.UnixMilli()
		err := enc.Encode(envelope{
			Time: json.Number(fmt.Sprintf("%d.%03d", ms/1000, ms%1000)), Host: r.e.Node, Source: "sluice", SourceType: "sluice:ocsf", Event: r.body,
		})
		if err != nil {
			return nil, fmt.Errorf("render event %s: %w", r.e.ID, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (c *collector) close() error {
	c.client.CloseIdleConnections()
	return nil
}
