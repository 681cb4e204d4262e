package blackbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

const monitoring = "../../examples/monitoring/"

// busyNode is a node whose every metric has a value: it took prompts, one in a format that the
// catalogue does not know, one that is larger than it may be, and somebody failed to sign in.
func busyNode(t *testing.T) *sluice {
	t.Helper()
	console := proc.FreeAddr(t)
	n := newSluice(t, settings{console: console})
	n.write("sluice.yaml", strings.Replace(read(t, n.config), "extract: {time: 50s}", "extract: {time: 50s, expanded: 4KiB}", 1))
	n.start()
	for _, body := range []string{
		openAIChat("hello"), openAIChat("my card is 4111 1111 1111 1111"),
		`{"model":"m","turns":[{"words":"a format of tomorrow"}]}`,
	} {
		answerTo(t, n, body)
	}
	large := prompt("alice", gzipped(t, openAIChat(strings.Repeat("too long ", 1000))))
	large.RequestHead = bytes.Replace(large.RequestHead, []byte("Content-Type"), []byte("Content-Encoding: gzip\r\nContent-Type"), 1)
	c := &icap.Client{Addr: n.icap}
	defer c.Close()
	if _, err := c.Do(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	resp, err := http.PostForm("http://"+console+"/signin", url.Values{"name": {"nobody"}, "password": {"wrong"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return n
}

// TestMonitoring holds what the documentation and the examples say of metrics against a node,
// and against Prometheus scraping it: every metric is described, every alert and every panel
// of the dashboard asks for something that is there.
func TestMonitoring(t *testing.T) {
	prometheus, promtool := proc.Look(t, "prometheus"), proc.Look(t, "promtool")
	n := busyNode(t)

	t.Run("each metric is described", func(t *testing.T) {
		shown, described := map[string]bool{}, map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^# TYPE (sluice_\w+) `).FindAllStringSubmatch(metrics(t, n), -1) {
			shown[m[1]] = true
		}
		_, table, _ := strings.Cut(read(t, "../../docs/operations.md"), "## The metrics")
		for _, m := range regexp.MustCompile("`(sluice_\\w+)").FindAllStringSubmatch(table, -1) {
			described[m[1]] = true
		}
		if got, want := slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(shown)); !slices.Equal(got, want) {
			t.Errorf("docs/operations.md describes\n%s\nand a node shows\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})

	t.Run("each alert sounds", func(t *testing.T) {
		rules, err := filepath.Abs(monitoring + "alerts.yml")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "alerts_test.yml")
		if err := os.WriteFile(file, []byte(strings.Replace(read(t, "testdata/alerts_test.yml"), "alerts.yml", rules, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", file).CombinedOutput(); err != nil {
			t.Errorf("promtool test rules: %v\n%s", err, out)
		}
		for _, m := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(read(t, rules), -1) {
			if !strings.Contains(read(t, file), `alertname="`+m[1]+`"`) {
				t.Errorf("%s has no test in testdata/alerts_test.yml", m[1])
			}
		}
	})

	dir, addr := proc.Dir(t), proc.FreeAddr(t)
	config := strings.NewReplacer("127.0.0.1:9090", n.ops, "interval: 15s", "interval: 1s").Replace(read(t, monitoring+"prometheus.yml"))
	for name, text := range map[string]string{"prometheus.yml": config, "alerts.yml": read(t, monitoring+"alerts.yml")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	proc.Start(t, "prometheus", exec.CommandContext(t.Context(), prometheus, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr))
	ask := func(path string, into any) error {
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", resp.Status)
		}
		return json.NewDecoder(resp.Body).Decode(into)
	}
	query := func(expression string) (results int, err error) {
		var answer struct {
			Data struct{ Result []json.RawMessage }
		}
		err = ask("/api/v1/query?query="+url.QueryEscape(expression), &answer)
		return len(answer.Data.Result), err
	}
	proc.Eventually(t, 60*time.Second, "Prometheus has scraped the node", func() error {
		n, err := query(`rate(sluice_decisions_total{job="sluice"}[1m])`)
		if err == nil && n == 0 {
			err = fmt.Errorf("no result")
		}
		return err
	})

	t.Run("each panel has something to show", func(t *testing.T) {
		var board struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal([]byte(read(t, monitoring+"dashboard.json")), &board); err != nil {
			t.Fatal(err)
		}
		asked := 0
		for _, p := range board.Panels {
			for _, target := range p.Targets {
				expression := strings.NewReplacer("$instance", ".*", "$__rate_interval", "1m", " > 0", "").Replace(target.Expr)
				asked++
				if n, err := query(expression); err != nil || n == 0 {
					t.Errorf("%s: %d results, %v of %s", p.Title, n, err, expression)
				}
			}
		}
		if asked < 20 {
			t.Errorf("the dashboard asks %d questions, want 20 or more", asked)
		}
	})

	t.Run("no rule fails", func(t *testing.T) {
		var answer struct {
			Data struct {
				Groups []struct {
					Rules []struct{ Name, Health, LastError string }
				}
			}
		}
		proc.Eventually(t, 30*time.Second, "every rule was evaluated", func() error {
			if err := ask("/api/v1/rules", &answer); err != nil {
				return err
			}
			if len(answer.Data.Groups) != 1 || len(answer.Data.Groups[0].Rules) < 11 {
				return fmt.Errorf("%d groups", len(answer.Data.Groups))
			}
			for _, r := range answer.Data.Groups[0].Rules {
				if r.Health != "ok" {
					return fmt.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
				}
			}
			return nil
		})
	})
}
