package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/internal/rulefiles"
)

// Bounds of the playground.
const (
	maxPlayYAML = 256 << 10
	maxPlayText = 256 << 10
	playTime    = 2 * time.Second
)

// playData is the profiles playground.
type playData struct {
	YAML, Text, File string
	Files            []choice // what can be loaded
	Original         string   // name of the file the text began as
	Result           *playResult
	CanReplay        bool
	Replay           *replayResult
}

// playResult is what the edited profiles find in the text.
type playResult struct {
	Mistakes []string
	Warnings []string
	Took     time.Duration
	Hits     []playHit
	Rejected []playHit
	Pieces   []playPiece
	Triggers []string // profiles that trigger
	Alone    bool     // loaded without the running profiles
	Note     string   // of an uploaded file
	Cut      string   // which limit cut the scan short
}

// playHit is one finding, with the text it stands for: the text is the visitor's own.
type playHit struct {
	dlp.Finding
	Value, Class string
}

type playPiece struct{ Text, Class string }

// playExample is what the playground shows at first.
const playExample = `# A detector finds one kind of thing; a profile says which detectors matter together.
detectors:
  - id: employee_number
    name: Employee number
    severity: medium
    patterns:
      - {re: 'EMP-\d{6}', confidence: high}
      - {re: '\d{6}', confidence: low, needs: context}
    context: {words: [employee, staff, personnel], before: 40, after: 20, raise: 1}
    against: {words: [invoice, order], within: 30, lower: 2}
    tests:
      match: ["employee EMP-204981", "staff 204981"]
      clean: ["invoice 204981"]
profiles:
  - id: people-data
    name: People data
    use: [employee_number]
    trigger: {confidence: medium, count: 1}
`

const playSample = `Please draft a reply to employee EMP-204981.
The staff number 118204 is on the old form, order 118204 is not.
`

// playSources are the files of the running profiles, by name.
func (s *Server) playSources() (map[string][]byte, []fs.FS, error) {
	if s.o.Profiles == nil {
		return nil, nil, nil
	}
	sources, err := s.o.Profiles()
	if err != nil {
		return nil, nil, err
	}
	files := map[string][]byte{}
	for _, source := range sources {
		err := fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && rulefiles.IsCopy(d.Name()):
				return fs.SkipDir
			case d.IsDir() || !rulefiles.Is(name):
				return nil
			}
			data, err := fs.ReadFile(source, name)
			if err == nil && len(data) <= maxPlayYAML {
				files[name] = data
			}
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return files, sources, nil
}

// playPage fills in what every form of the playground has.
func (s *Server) playPage(v *visitor, file string) (*playData, error) {
	files, _, err := s.playSources()
	if err != nil {
		return nil, err
	}
	d := &playData{YAML: playExample, Text: playSample, Original: "example.yaml", CanReplay: v.can(RightEvidence)}
	for name, data := range files {
		d.Files = append(d.Files, choice{Text: name, Current: name == file})
		if name == file {
			d.YAML, d.Original = string(data), name
		}
	}
	slices.SortFunc(d.Files, func(a, b choice) int { return strings.Compare(a.Text, b.Text) })
	return d, nil
}

func (s *Server) playground(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, err := s.playPage(v, r.URL.Query().Get("file"))
	if err != nil {
		return err
	}
	d.Result = s.play(r.Context(), d.YAML, d.Text, true)
	if len(d.Result.Mistakes) > 0 { // it needs the others
		d.Result = s.play(r.Context(), d.YAML, d.Text, false)
	}
	return s.render(w, r, v, "playground", page{Title: "Profiles", Nav: "playground", Data: d})
}

// playForm reads the form; a file takes the place of the text.
func (s *Server) playForm(r *http.Request, d *playData) (note string, err error) {
	if err := r.ParseMultipartForm(4 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return "", badInput("The form cannot be read.")
	}
	d.YAML, d.Text = r.FormValue("yaml"), r.FormValue("text")
	if x := r.FormValue("original"); x != "" {
		d.Original = x
	}
	if len(d.YAML) > maxPlayYAML || len(d.Text) > maxPlayText {
		return "", badInput("The playground takes 256 KiB of profiles and of text. For more, use sluice scan.")
	}
	if r.MultipartForm == nil || len(r.MultipartForm.File["file"]) == 0 {
		return "", nil
	}
	head := r.MultipartForm.File["file"][0]
	f, err := head.Open()
	if err != nil {
		return "", badInput("The file cannot be read.")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBody))
	if err != nil {
		return "", badInput("The file cannot be read.")
	}
	if len(data) == 0 {
		return "", nil
	}
	text, outcome := string(data), "complete"
	if s.o.Reader != nil {
		text, outcome = s.o.Reader.ReadText(r.Context(), head.Filename, data)
	} else if !utf8.Valid(data) {
		return "", badInput("Only text files can be read here.")
	}
	if len(text) > maxPlayText {
		text, outcome = strings.ToValidUTF8(text[:maxPlayText], ""), "cut after 256 KiB"
	}
	d.Text = text
	return "Text of " + head.Filename + ": " + outcome + ".", nil
}

func (s *Server) playgroundTry(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, err := s.playPage(v, "")
	if err != nil {
		return err
	}
	note, err := s.playForm(r, d)
	if err != nil {
		return err
	}
	d.Result = s.play(r.Context(), d.YAML, d.Text, true)
	if len(d.Result.Mistakes) > 0 && r.Header.Get("X-Preview") == "" {
		d.Result = s.play(r.Context(), d.YAML, d.Text, false)
	}
	d.Result.Note = note
	return s.render(w, r, v, "playground", page{Title: "Profiles", Nav: "playground", Data: d})
}

// edited compiles the visitor's YAML: alone, which takes milliseconds, or on top of the
// running profiles, which it may then name. While only the text changes nothing is compiled.
func (s *Server) edited(yaml string, alone bool) (*dlp.Engine, []string, error) {
	var files map[string][]byte
	var running []fs.FS
	if !alone {
		var err error
		if files, running, err = s.playSources(); err != nil {
			return nil, nil, err
		}
	}
	c := s.compiled.of(compiledKey(yaml, files))
	c.once.Do(func() { c.compile(yaml, running) })
	return c.engine, c.warnings, c.err
}

// play scans text with the edited profiles. Nothing of it is kept or logged.
func (s *Server) play(ctx context.Context, yaml, text string, alone bool) *playResult {
	out := &playResult{Alone: alone}
	engine, warnings, err := s.edited(yaml, alone)
	if err != nil {
		out.Mistakes = mistakes(err)
		return out
	}
	out.Warnings = warnings
	ctx, cancel := context.WithTimeout(ctx, playTime)
	defer cancel()
	began := time.Now()
	report := engine.Scan(ctx, dlp.Query{MinConfidence: dlp.Low, Explain: true}, dlp.Text{Part: "text", Role: "user", Data: []byte(text)})
	out.Took = time.Since(began)
	if !report.Complete {
		out.Cut = report.Limit
	}
	var found []dlp.Finding
	class := map[string]string{}
	for _, f := range report.Findings {
		if f.Start < 0 || f.End > int64(len(text)) || f.Start > f.End {
			continue
		}
		if class[f.Detector] == "" {
			class[f.Detector] = fmt.Sprintf("m%d", len(class)%5)
		}
		h := playHit{Finding: f, Value: strings.ToValidUTF8(text[f.Start:f.End], "�"), Class: class[f.Detector]}
		if f.Rejected {
			out.Rejected = append(out.Rejected, h)
			continue
		}
		out.Hits = append(out.Hits, h)
		found = append(found, f)
	}
	for _, p := range engine.Profiles() {
		if engine.Triggers(p.ID, nil, found) {
			out.Triggers = append(out.Triggers, p.Name)
		}
	}
	out.Pieces = marked(text, out.Hits, out.Rejected)
	return out
}

// mistakes are the lines of an error of the loader.
func mistakes(err error) []string {
	var list []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && len(list) < 50 {
			list = append(list, line)
		}
	}
	return list
}

// marked cuts the text at its findings; where two overlap the first one counts.
func marked(text string, hits, rejected []playHit) []playPiece {
	all := slices.Clone(hits)
	for _, h := range rejected {
		if !slices.ContainsFunc(hits, func(x playHit) bool { return h.Start < x.End && x.Start < h.End }) {
			h.Class += " rejected"
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(a, b playHit) int { return int(a.Start - b.Start) })
	var out []playPiece
	at := int64(0)
	for _, h := range all {
		if h.Start < at {
			continue
		}
		out = append(out, playPiece{Text: text[at:h.Start]}, playPiece{Text: text[h.Start:h.End], Class: h.Class})
		at = h.End
	}
	return append(out, playPiece{Text: text[at:]})
}

// playgroundFile downloads the edited profiles, as a file or as a change to the file they
// began as.
func (s *Server) playgroundFile(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if kind := r.PathValue("kind"); kind != "file" && kind != "diff" {
		return errNotFound
	}
	d, err := s.playPage(v, r.FormValue("original"))
	if err != nil {
		return err
	}
	before, name := d.YAML, d.Original
	if _, err := s.playForm(r, d); err != nil {
		return err
	}
	after := strings.ReplaceAll(d.YAML, "\r\n", "\n")
	body, file := after, name
	if r.PathValue("kind") == "diff" {
		body, file = unifiedDiff(name, before, after), strings.TrimSuffix(name, ".yaml")+".diff"
	}
	attach(w, "text/plain; charset=utf-8", plainName(file))
	_, err = io.Copy(w, bytes.NewReader([]byte(body)))
	return err
}

// plainName keeps of a file's name what a header can hold.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, name)
}
