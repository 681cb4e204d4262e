package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/internal/outbound"
)

const deliverTime = 20 * time.Second

// poster posts to a webhook.
type poster struct {
	o      Options
	client *http.Client
}

func newPoster(o Options) (*poster, error) {
	conf, err := outbound.TLS(o.CA, "", "")
	if err != nil {
		return nil, err
	}
	return &poster{o: o, client: outbound.Client(conf, deliverTime)}, nil
}

// deliver implements carrier. An error never shows the URL, which is a credential of many
// chats.
func (p *poster) deliver(ctx context.Context, n *Notice) error {
	body, err := p.body(n)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	header := map[string]string{}
	if p.o.Token != "" {
		header["Authorization"] = "Bearer " + p.o.Token
	}
	code, _, err := outbound.Post(ctx, p.client, p.o.URL, header, body)
	if err != nil {
		return err
	}
	switch {
	case code/100 == 2:
		return nil
	case code == http.StatusBadRequest || code == http.StatusRequestEntityTooLarge || code == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: status %d", errRefused, code)
	default: // also what an administrator can mend: a wrong address or token
		return fmt.Errorf("post: status %d", code)
	}
}

func (p *poster) body(n *Notice) ([]byte, error) {
	if p.o.Type == Slack {
		return json.Marshal(map[string]string{"text": slackText(n)})
	}
	return json.Marshal(n)
}

// slackText is the sentence in Slack's markup, in which names cannot become links or
// mentions.
func slackText(n *Notice) string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	text := escape(n.Text)
	if n.Severity == "critical" || n.Severity == "high" {
		text = ":rotating_light: " + text
	}
	if n.Link != "" {
		return text + " <" + escape(n.Link) + "|Incident " + n.ID + ">"
	}
	return text + " Incident " + n.ID
}
