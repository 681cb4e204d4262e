package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
)

// scanFlags are the flags of `sluice scan`.
type scanFlags struct {
	format, minConfidence, jsonl string
	profiles                     []string
	reveal, explain              bool
}

func (a *app) scanCommand() *cobra.Command {
	var o scanFlags
	cmd := &cobra.Command{
		Use:   "scan PATH…|-",
		Short: "Find sensitive data in files, or in lines of JSON",
		Long: "Find sensitive data in files. Documents and archives are opened; a finding's part names the place inside,\n" +
			"\"(name)\" is the file's own name.\n" +
			"Exit code 1 when something is found (not with --jsonl).",
		Example: "  sluice scan report.docx --min-confidence high\n" +
			"  sluice scan . --profile credentials --format sarif > findings.sarif\n" +
			"  echo '{\"id\":1,\"text\":\"pay to DE89370400440532013000\"}' | sluice scan --jsonl -",
		Args: usageArgs(func(_ *cobra.Command, args []string) error {
			if (len(args) == 0) == (o.jsonl == "") {
				return fmt.Errorf("give paths, or --jsonl FILE")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error { return a.scan(cmd, args, o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.format, "format", "table", "table, json or sarif")
	flags.StringVar(&o.minConfidence, "min-confidence", "medium", "drop findings below low, medium or high")
	flags.StringArrayVar(&o.profiles, "profile", nil, "scan for this profile only (repeatable)")
	flags.BoolVar(&o.reveal, "reveal", false, "show the values found, not masked")
	flags.BoolVar(&o.explain, "explain", false, "show rejected candidates and why")
	flags.StringVar(&o.jsonl, "jsonl", "", `read {"id","text"} a line from this file or -, write {"id","findings"} a line`)
	return cmd
}

// scanner scans with one query.
type scanner struct {
	engine  *dlp.Engine
	extract *extract.Extractor
	query   dlp.Query
	reveal  bool
}

// found is a finding as `scan` prints it.
type found struct {
	dlp.Finding
	Value string `json:"value,omitempty"` // only with --reveal

	points int // code points before it on its line
}

func (a *app) scan(cmd *cobra.Command, args []string, o scanFlags) error {
	confidence, err := dlp.ParseConfidence(o.minConfidence)
	if err != nil {
		return usageError{fmt.Errorf("--min-confidence: %w", err)}
	}
	report, err := newScanReport(o.format, cmd.OutOrStdout())
	if err != nil {
		return usageError{err}
	}
	f, err := a.settings(cmd)
	if err != nil {
		return err
	}
	keys, err := keysOrOwn(f.Keys.File, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	engine, err := loadEngine(f, keys)
	if err != nil {
		return err
	}
	for _, p := range o.profiles {
		if !engine.HasProfile(p) {
			return usageError{fmt.Errorf("no profile %q; see 'sluice profiles list'", p)}
		}
	}
	x := newExtractor(f, "")
	defer x.Close()
	s := &scanner{engine, x, dlp.Query{Profiles: o.profiles, MinConfidence: confidence, Explain: o.explain}, o.reveal}
	if o.jsonl != "" {
		return s.lines(cmd, o.jsonl)
	}
	any := false
	unread, err := eachInput(cmd, args, func(path string, data []byte) error {
		outcome, list := s.file(cmd, path, data)
		for _, f := range list {
			any = any || !f.Rejected
		}
		return report.file(path, outcome, list)
	})
	if err != nil {
		return err
	}
	if err := errors.Join(unread, report.end()); err != nil {
		return err
	}
	if any {
		return errFound
	}
	return nil
}

func (s *scanner) file(cmd *cobra.Command, path string, data []byte) (extract.Outcome, []found) {
	awaitWorkers(cmd.Context(), s.extract, data)
	doc := s.extract.ExtractFile(cmd.Context(), filepath.Base(path), data)
	parts := doc.Texts
	if path != "-" {
		if name, ok := extract.Name(filepath.Base(path)); ok {
			parts = append(parts, name)
		}
	}
	texts := make([]dlp.Text, len(parts))
	for i, t := range parts {
		texts[i] = dlp.Text{Part: t.Part, Role: string(extract.File), Data: []byte(t.Text)}
	}
	list, complete := s.texts(cmd, texts)
	if !complete && doc.Outcome == extract.Complete {
		return extract.Partial, list
	}
	return doc.Outcome, list
}

func (s *scanner) texts(cmd *cobra.Command, texts []dlp.Text) (list []found, complete bool) {
	report := s.engine.Scan(cmd.Context(), s.query, texts...)
	list = make([]found, len(report.Findings))
	for i, f := range report.Findings {
		list[i].Finding = f
		data := texts[f.Text].Data
		list[i].points = utf8.RuneCount(data[f.Start-int64(f.Column-1) : f.Start])
		if s.reveal {
			list[i].Value = string(data[f.Start:f.End])
		}
	}
	return list, report.Complete
}

// maxComplaints bounds how many lines of a batch are complained of one by one.
const maxComplaints = 20

// lines is the batch mode: one object a line in, one out, in order. A line that is none keeps
// nothing from the rest.
func (s *scanner) lines(cmd *cobra.Command, path string) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	unread, err := eachInput(cmd, []string{path}, func(path string, data []byte) error {
		var complaints []error
		wrong := 0
		err := eachLine(bytes.NewReader(data), func(n int, line string) error {
			var in struct {
				ID   json.RawMessage `json:"id"`
				Text *string         `json:"text"`
			}
			if err := json.Unmarshal([]byte(line), &in); err != nil || in.Text == nil {
				if wrong++; wrong <= maxComplaints {
					complaints = append(complaints, fmt.Errorf(`%s: line %d: want {"id": …, "text": "…"}`, path, n))
				}
				return nil
			}
			list, _ := s.texts(cmd, []dlp.Text{{Role: string(extract.User), Data: []byte(*in.Text)}})
			return enc.Encode(struct {
				ID       json.RawMessage `json:"id"`
				Findings []found         `json:"findings"`
			}{in.ID, list})
		})
		if err != nil {
			complaints = append(complaints, fmt.Errorf("%s: %w", path, err))
		}
		if more := wrong - maxComplaints; more > 0 {
			complaints = append(complaints, fmt.Errorf("%s: %s more that are none", path, count(more, "line")))
		}
		return errors.Join(complaints...)
	})
	return errors.Join(unread, err, out.Flush())
}

// scanReport writes findings in one of the formats.
type scanReport interface {
	file(path string, outcome extract.Outcome, list []found) error
	end() error
}

func newScanReport(format string, out io.Writer) (scanReport, error) {
	switch format {
	case "table":
		return &tableReport{out: out}, nil
	case "json":
		return &jsonReport{out: out}, nil
	case "sarif":
		return newSARIF(out), nil
	}
	return nil, fmt.Errorf("--format %q: want table, json or sarif", format)
}

type jsonReport struct{ out io.Writer }

func (r *jsonReport) file(path string, outcome extract.Outcome, list []found) error {
	enc := json.NewEncoder(r.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Path     string          `json:"path"`
		Outcome  extract.Outcome `json:"outcome"`
		Findings []found         `json:"findings"`
	}{path, outcome, list})
}

func (r *jsonReport) end() error { return nil }

type tableReport struct {
	out             io.Writer
	files, findings int
}

func (r *tableReport) file(path string, outcome extract.Outcome, list []found) error {
	r.files++
	if outcome != extract.Complete {
		fmt.Fprintf(r.out, "%s: %s\n", path, outcome)
	}
	for _, f := range list {
		value, verdict := f.Masked, f.Confidence.String()
		if f.Value != "" {
			value = f.Value
		}
		if f.Rejected {
			verdict = "rejected"
		} else {
			r.findings++
		}
		place := path
		if f.Part != "" && f.Part != filepath.Base(path) {
			place += " > " + f.Part
		}
		if _, err := fmt.Fprintf(r.out, "%s:%d:%d  %s  %s  %s  %s\n", place, f.Line, f.Column, f.Detector, verdict, value, strings.Join(f.Evidence, "; ")); err != nil {
			return err
		}
	}
	return nil
}

func (r *tableReport) end() error {
	_, err := fmt.Fprintf(r.out, "%s in %s\n", count(r.findings, "finding"), count(r.files, "file"))
	return err
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
