package blackbox

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestConsoleFiles gives the console what people have in files: an archive of their browser,
// a document, a private key. Then it works without JavaScript.
func TestConsoleFiles(t *testing.T) {
	var secrets planted
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	address := proc.FreeAddr(t)
	node := newSluice(t, settings{
		console: address, extra: fmt.Sprintf("payload: {age_recipient: %s}\n", key.Recipient()),
		files: map[string]string{
			"data/.keep": "", "key.txt": key.String() + "\n", "other.txt": other.String() + "\n",
			"chat.har": harOf(t, openAIChat("Please charge the card "+secrets.card())), "staff.docx": wordDocument(t, "the letter to employee EMP-204981"),
		},
	})
	node.start()
	node.account("iris", "reviewer", "evidence", "names")
	prompt := "Bill Violet Abernathy's card " + secrets.card() + " for the Heron project"
	c := &icap.Client{Addr: node.icap}
	defer c.Close()
	if _, err := c.Do(t.Context(), chatTo(0, "violet", "sales", prompt)); err != nil {
		t.Fatal(err)
	}
	id := node.waitEvents(1)[0].ID
	d := signIn(t, node, address, "iris")
	d.Calm()
	d.archiveWorks()
	d.documentWorks()
	d.revealWorks(id, prompt)
	d.replayWorks(id, other.String(), key.String())
	d.worksWithoutScript(id)
	secrets.absentFrom(t, map[string]string{"what sluice printed": node.serving.Output()}, filepath.Join(node.dir, "data"))
}

// archiveWorks simulates the requests of a browser's archive.
func (d *desk) archiveWorks() {
	d.t.Helper()
	d.visit("/policy")
	d.Type("input[name=har]", filepath.Join(d.node.dir, "chat.har"))
	d.Click("main form button.primary")
	d.until("both requests are explained", `document.querySelectorAll("ol.trace").length === 2`)
	d.says("OpenAI API")
	d.says("Not an AI app")
	d.says("credit card")
	d.sound("an archive, simulated")
	d.Click("main form button.primary")
	d.until("without the archive it is the composed request", `document.querySelectorAll("ol.trace").length === 1`)
}

// documentWorks scans a document that is chosen, and a text that is dropped.
func (d *desk) documentWorks() {
	d.t.Helper()
	d.visit("/playground")
	d.Type("input[name=file]", filepath.Join(d.node.dir, "staff.docx"))
	d.says("Text of staff.docx: complete.")
	d.says("EMP-204981")
	browser.Eval[any](d.Page, `(() => {
		const files = new DataTransfer();
		files.items.add(new File(["employee EMP-118204, employee EMP-300417, employee EMP-300418"], "staff.txt", {type: "text/plain"}));
		document.querySelector("textarea[name=text]").dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: files}));
	})()`)
	d.says("Text of staff.txt: complete.")
	d.says("3 matches")
}

const projectProfile = `detectors:
  - id: project_name
    name: Project
    patterns:
      - {re: "Heron project", confidence: high}
    tests: {match: [the Heron project], clean: [a heron]}
profiles:
  - id: projects
    name: Projects
    use: [project_name]
`

// replayWorks tries edited profiles on the prompt that was kept: they find a project in it that the
// running ones do not know, and the event is named.
func (d *desk) replayWorks(id, wrong, right string) {
	d.t.Helper()
	d.Expect("400 (Bad Request)") // the wrong key
	for _, step := range []struct{ key, says string }{
		{wrong, "This key does not open the prompts."},
		{right, "1 of 1 events had a text"},
	} {
		d.visit("/playground")
		browser.Eval[any](d.Page, fmt.Sprintf(`document.querySelector("textarea[name=yaml]").value = %q, null`, projectProfile))
		d.Click(`details:has([formaction="/playground/replay"]) summary`)
		d.Type("input[name=identity]", step.key)
		d.Click(`[formaction="/playground/replay"]`)
		d.says(step.says)
	}
	d.until("the project is found by the edited profiles alone", `[...document.querySelectorAll("table.plain tr")].some(r => /^project name\s+0\s+1\s*$/.test(r.innerText))`)
	d.until("the event that changes is named", fmt.Sprintf(`document.querySelector('main a[href*=%q]')`, id))
	d.sound("a replay")
	if html := browser.Eval[string](d.Page, "document.documentElement.outerHTML"); strings.Contains(html, right) {
		d.t.Error("the page holds the private key")
	}
	d.visit("/audit?action=playground.replay")
	d.until("each replay is in the audit trail", `document.querySelectorAll("tbody tr").length === 2`)
}

// revealWorks reads a prompt with the private key: another key first, then the right one as a
// file, then pasted.
func (d *desk) revealWorks(id, prompt string) {
	d.t.Helper()
	d.visit("/events/" + id)
	d.Click(`a[href="/events/` + id + `/reveal"]`)
	d.says("Sluice never has the private key")
	d.Type("input[name=key]", filepath.Join(d.node.dir, "other.txt"))
	d.Click("main form button.primary")
	d.says("This key does not open it.")
	if strings.Contains(d.Text(), prompt) {
		d.t.Error("another key reveals the prompt")
	}
	d.sound("another key")
	d.Type("input[name=key]", filepath.Join(d.node.dir, "key.txt"))
	d.Click("main form button.primary")
	d.until("the prompt is shown", fmt.Sprintf(`document.querySelector("pre.excerpt")?.textContent === %q`, prompt))
	d.sound("a revealed prompt")
	d.visit("/audit?action=event.reveal")
	d.until("each reading is in the audit trail", `document.querySelectorAll("tbody tr").length === 2`)
}

// worksWithoutScript decides on an app, filters and triages with forms alone.
func (d *desk) worksWithoutScript(id string) {
	d.t.Helper()
	d.Scripts(false)
	d.Open(d.url + "/apps")
	if browser.Eval[string](d.Page, "typeof live + typeof load") != "undefinedundefined" {
		d.t.Fatal("the page's scripts have run")
	}
	d.Click(`form[action="/apps/openai-api/status"] [value=in_review]`)
	d.says("OpenAI API: now in review. It takes effect at once.")
	if got := d.node.must("apps", "list", "--status", "in_review"); !strings.Contains(got, "openai-api") {
		d.t.Errorf("the app is not in review:\n%s", got)
	}
	d.Type("#q", "nobody-uses-this\r")
	d.says("No app matches")
	d.Open(d.url + "/events?view=all")
	d.Click(`.facets a[href*="severity=high"]`)
	d.until("the severity is in the address", `document.readyState === "complete" && location.search.includes("severity=high") && document.querySelectorAll("tbody tr").length === 1`)
	d.Type("td.sel input[value='"+id+"']", " ") // by keyboard
	d.until("the event is selected", `document.querySelector("td.sel input:checked") !== null`)
	d.Type(`.bulk [value=confirmed]`, "\r")
	d.says("1 event marked as confirmed.")
	d.Open(d.url + "/playground")
	d.Type("input[name=file]", filepath.Join(d.node.dir, "staff.docx"))
	d.Click("main form .head button.primary")
	d.says("Text of staff.docx: complete.")
	d.Scripts(true)
}

// harOf is an archive of two requests: a page, and a chat.
func harOf(t *testing.T, chat string) string {
	t.Helper()
	request := func(method, address, body string) map[string]any {
		r := map[string]any{"method": method, "url": address, "httpVersion": "HTTP/2.0", "headers": []any{}, "queryString": []any{}, "cookies": []any{}, "headersSize": -1, "bodySize": len(body)}
		if body != "" {
			r["headers"] = []any{map[string]string{"name": "Content-Type", "value": "application/json"}}
			r["postData"] = map[string]string{"mimeType": "application/json", "text": body}
		}
		return map[string]any{"startedDateTime": "2026-11-23T09:00:00Z", "time": 1, "request": r}
	}
	data, err := json.Marshal(map[string]any{"log": map[string]any{"version": "1.2", "creator": map[string]string{"name": "test", "version": "1"}, "entries": []any{
		request("GET", "https://intranet.example/", ""), request("POST", "https://api.openai.com/v1/chat/completions", chat),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wordDocument is the smallest document that a word processor opens.
func wordDocument(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range []struct{ name, data string }{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` + text + `</w:t></w:r></w:p></w:body></w:document>`},
	} {
		w, err := z.Create(part.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(part.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
