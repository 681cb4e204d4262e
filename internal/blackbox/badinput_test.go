package blackbox

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

const (
	badPolicy = `defaults:
  approved:   {profiles: [default], on_match: lgo}
  in_review:  {profiles: [default], on_match: block}
  unreviewed: {profiles: [default], on_match: coach}
  unapproved: {action: block}
rules:
  - id: typo
    when: app.staus == "in_review"
    action: block
  - id: both
    when: activity == "upload"
    action: block
    profiles: [default]
    on_match: log
`
	badProfile = `detectors:
  - id: badge
    name: Badge number
    severity: high
    patterns:
      - {regx: 'B-\d{6}', confidence: medium}
  - id: bad_pattern
    name: Bad
    severity: high
    patterns:
      - {re: '(unclosed', confidence: medium}
  - id: failing
    name: A detector whose test fails
    severity: high
    patterns:
      - {re: 'X-\d{6}', confidence: medium}
    tests:
      match: ["X-12"]
`
	badApp = `id: our-assistant
name: Our assistant
vendor: Us
category: chatt
hosts: [ai.example.com]
endpoints:
  - {method: POST, path: /chat, activity: prmpt, carrier: json, text: 'messages[*].content'}
`
)

func TestBadInputStopsCheckAndServe(t *testing.T) {
	cases := map[string]struct {
		settings settings
		want     []string // each the beginning of a message, after the folder: file, line, what is wrong and how to mend it
	}{
		"policy, profile and catalogue at once": {
			settings{
				policy: badPolicy, extra: "profiles: {dirs: [profiles]}\ncatalogue: {dirs: [apps]}\n",
				files: map[string]string{"profiles/mine.yaml": badProfile, "apps/ours.yaml": badApp},
			},
			[]string{
				`policy.yaml:2: defaults.approved: on_match: unknown action "lgo" (did you mean "log"?)`,
				`policy.yaml:8: rule "typo": when: unknown variable "app.staus" (did you mean "app.status"?)`,
				"policy.yaml:12: rule \"both\": has `action` and `profiles` with `on_match`; keep one of the two",
				`profiles/mine.yaml:6: detector "badge": unknown field "regx" (did you mean "re"?)`,
				`profiles/mine.yaml:11: detector "bad_pattern": pattern: missing closing )`,
				`profiles/mine.yaml:18: detector "failing": its match test 1 finds nothing`,
				`apps/ours.yaml:4: category: "chatt" is not one of`,
				`apps/ours.yaml:7: activity: "prmpt" is not one of prompt, upload, other, session (did you mean "prompt"?)`,
			},
		},
		"settings": {
			settings{extra: "icap.listen: x\nretention: {events: [1]}\nexceptions: {lifetime: 5 parsecs}\nnotes: 1\n"},
			[]string{
				`sluice.yaml:8: unknown setting "icap.listen"`,
				`sluice.yaml:9: "retention.events" must be a single value`,
				`sluice.yaml:10: "exceptions.lifetime": "5 parsecs" is not a duration; write for example 90d, 24h or 5s`,
				`sluice.yaml:11: unknown setting "notes"`,
			},
		},
		"a profile that no file defines": {
			settings{policy: "defaults:\n  approved: {profiles: [secret-projects], on_match: block}\n"},
			[]string{`policy.yaml:2: defaults.approved: there is no profile "secret-projects"`},
		},
		"a path that cannot be read": {
			settings{
				extra: "catalogue: {dirs: [apps]}\n",
				files: map[string]string{"apps/ours.yaml": strings.NewReplacer("chatt", "chat", "prmpt", "prompt", "[*].content", "[*").Replace(badApp)},
			},
			[]string{`apps/ours.yaml:7: endpoint /chat: text:`},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			node := newSluice(t, c.settings)
			for _, command := range []string{"check", "serve"} {
				_, errOut, code := node.run(command)
				if code != 1 {
					t.Errorf("%s: exit code %d, want 1", command, code)
				}
				for _, want := range c.want {
					if !strings.Contains(errOut, node.dir+"/"+want) {
						t.Errorf("%s does not say %q", command, want)
					}
				}
				if t.Failed() {
					t.Logf("%s said:\n%s", command, errOut)
				}
			}
		})
	}
}

func TestBrokenRulesOnReloadChangeNothing(t *testing.T) {
	const good = "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n"
	card := (&planted{}).card()
	node := newSluice(t, settings{policy: good})
	node.start()
	verdict := func() string { return answerTo(t, node, openAIChat("Refund the card "+card)) }
	if got := verdict(); got != "blocked" {
		t.Fatalf("before the reload the prompt is %s, want blocked", got)
	}
	reload := func(policy, want string) string {
		before := len(node.serving.Output())
		node.write("policy.yaml", policy)
		node.serving.Signal(syscall.SIGHUP)
		var log string
		proc.Eventually(t, 10*time.Second, "the log says: "+want, func() error {
			if log = node.serving.Output()[before:]; !strings.Contains(log, want) {
				return os.ErrNotExist
			}
			return nil
		})
		return log
	}

	log := reload(badPolicy, "the running rules stay")
	for _, want := range []string{"policy.yaml:2", "policy.yaml:8", "policy.yaml:12"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log of the refused reload does not name %s", want)
		}
	}
	if got := verdict(); got != "blocked" {
		t.Errorf("after a reload with broken rules the prompt is %s, want blocked", got)
	}
	if err := get("http://" + node.ops + "/readyz"); err != nil {
		t.Errorf("not ready after a refused reload: %v", err)
	}

	reload("defaults:\n  unreviewed: {profiles: [default], on_match: log}\n", "rules reloaded")
	if got := verdict(); got != "passed" {
		t.Errorf("after a reload with good rules the prompt is %s, want passed", got)
	}
}
