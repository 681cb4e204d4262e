package blackbox

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// tourPictures names the variable of the folder that keeps the pictures of docs/tour.md.
const tourPictures = "SLUICE_TOUR"

var (
	demoLink     = regexp.MustCompile(`http://\S+/signin/link\?token=\S+`)
	demoPassword = regexp.MustCompile(`and at (\S+) as demo with the password (\S+)`)
)

// TestTour goes the way of docs/tour.md as a new analyst would, from `make demo` to the next
// prompt that is blocked.
func TestTour(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Getenv(binaryEnv), "demo")
	cmd.Dir = proc.Dir(t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	link, base := readDemo(t, out)
	d := &desk{Page: browser.Start(t, browser.Options{Width: 1280, Height: 800}), t: t, url: base}
	picture := func(name string) {
		t.Helper()
		d.sound(name)
		data := d.Picture()
		if dir := os.Getenv(tourPictures); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "tour-"+name+".webp"), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.Open(link)
	d.Click("main button")
	d.WaitFor("#side")
	d.says("Shadow AI overview")

	d.visit("/start")
	d.Click(`form[action="/start/probe"] button`)
	d.says("It was let through")
	d.visit("/")
	picture("1-overview")

	d.visit("/events?view=matched")
	d.Click(`.facets a[href*="detector=credit_card"]`)
	d.until("only cards are listed", `document.querySelector(".chip") && document.querySelectorAll("tbody tr").length >= 3`)
	d.until("one went to OpenAI API", `[...document.querySelectorAll("tbody tr")].some(r => r.innerText.includes("OpenAI API") && r.innerText.includes("log"))`)
	picture("2-cards")

	browser.Eval[any](d.Page, `[...document.querySelectorAll("tbody tr")].find(r => r.innerText.includes("OpenAI API")).querySelector("a[data-open]").click()`)
	d.says("Why it was handled this way")
	d.Press("c")
	d.Select("select[name=reason]", "real_leak")
	d.Type("textarea[name=note]", "A customer's card, talked to the sender.")
	picture("3-event")
	d.Click(`.triage button.primary`)
	d.says("Marked as confirmed.")

	d.visit("/apps/openai-api")
	d.Click(`.head .toggle [value=in_review]`)
	d.says("OpenAI API: now in review. It takes effect at once.")
	picture("4-in-review")

	d.visit("/start")
	d.Click(`form[action="/start/probe"] button`)
	d.says("It was stopped with status 403")
	picture("5-blocked")
	d.visit("/precision")
	d.says("US Social Security number")
	d.until("the words of the mistakes are proposed", `["gauge", "boiler"].every(w => [...document.querySelectorAll(".diff .add")].some(l => l.textContent.includes(w)))`)
	picture("6-precision")
	d.visit("/audit")
	for _, what := range []string{"openai-api", "demo"} {
		d.says(what)
	}
}

// readDemo waits for the demo's console: the link that signs in, and the address.
func readDemo(t *testing.T, out io.Reader) (link, base string) {
	t.Helper()
	type found struct{ link, base string }
	done := make(chan found, 1)
	go func() {
		var all strings.Builder
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			all.WriteString(lines.Text() + "\n")
			if m := demoPassword.FindStringSubmatch(all.String()); m != nil {
				done <- found{demoLink.FindString(all.String()), m[1]}
				break
			}
		}
		_, _ = io.Copy(io.Discard, out) // the demo goes on printing
	}()
	select {
	case f := <-done:
		if f.link == "" {
			t.Fatal("the demo printed no link")
		}
		return f.link, f.base
	case <-time.After(2 * time.Minute):
		t.Fatal("the demo did not say where its console is")
	}
	return "", ""
}
