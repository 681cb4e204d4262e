package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/dlp"
)

func profilesLintCommand() *cobra.Command {
	return &cobra.Command{
		Use: "lint PATH…", Short: "Find every mistake in profile files, and what is likely to disappoint",
		Long: "Load the files on top of the built-in ones and report every mistake, each with file, line and remedy (exit 1).\n" +
			"Warn of patterns without a literal or a part that is rare, repeats without a bound, and detectors that nothing tests or uses.",
		Example: "  sluice profiles lint my-profiles/ extra.yaml",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := profileSources(args)
			if err != nil {
				return err
			}
			warnings, err := dlp.Lint(sources[1:], sources[0])
			for _, w := range warnings {
				place := w.File
				if w.Line > 0 {
					place += fmt.Sprintf(":%d", w.Line)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: warning: %s\n", place, w.Text)
			}
			if err != nil {
				return err
			}
			if len(warnings) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "all good")
			}
			return nil
		},
	}
}

func (a *app) profilesTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test PATH…", Short: "Run the tests inside profile files",
		Long: "Run the tests of the detectors in files, as every start of the server does. Detectors with registered data\n" +
			"are tested with the key of keys.file.",
		Example: "  sluice profiles test my-profiles/",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := profileSources(args)
			if err != nil {
				return err
			}
			rules, err := a.compiles(cmd, sources)
			if err != nil {
				return err
			}
			return tested(cmd, rules)
		},
	}
}

// compiles loads sources to the end, which runs all tests.
func (a *app) compiles(cmd *cobra.Command, sources []fs.FS) (*dlp.Rules, error) {
	rules, err := dlp.Load(sources...)
	if err != nil {
		return nil, err
	}
	f, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	keys, err := keysOrOwn(f.Keys.File, cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	if _, err := dlp.New(rules, dlp.Options{Key: keys.derive(useFingerprint)}); err != nil {
		return nil, err
	}
	return rules, nil
}

// tested prints how many tests the detectors had that are not built in.
func tested(cmd *cobra.Command, rules *dlp.Rules) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	detectors, tests := 0, 0
	for _, d := range rules.Detectors() {
		if d.Source == 0 {
			continue
		}
		detectors, tests = detectors+1, tests+d.Match+d.Clean
		fmt.Fprintf(table, "%s\t%d found\t%d left alone\t%s:%d\n", d.ID, d.Match, d.Clean, d.File, d.Line)
	}
	fmt.Fprintf(table, "all good: %d tests of %d detectors\n", tests, detectors)
	if tests == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "nothing was tested: give detectors tests: {match: […], clean: […]}; of a directory *.yaml and *.yml are read")
	}
	return table.Flush()
}

func profilesSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of profile files, for editors",
		Long: "Print the JSON Schema of profile files. Editors that speak yaml-language-server check and complete a file\n" +
			"that begins with: # yaml-language-server: $schema=sluice.schema.json",
		Example: "  sluice profiles schema > sluice.schema.json",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			schema, err := dlp.Schema()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(schema)
			return err
		},
	}
}

// evalFlags are the flags of `sluice profiles eval`.
type evalFlags struct {
	profile string
	worst   int
	asJSON  bool
}

func (a *app) profilesEvalCommand() *cobra.Command {
	var o evalFlags
	cmd := &cobra.Command{
		Use: "eval LABELLED.jsonl", Short: "Measure precision and recall on labelled texts",
		Long: "Scan labelled texts, one JSON object a line, gzip too:\n" +
			`{"id":"p1","text":"SSN 515-06-9705","labels":[{"entity":"us_ssn","start":4,"end":15}],"ignore":["date"]}` + "\n" +
			"with byte offsets. Findings of at least medium confidence count, those of ignored detectors do not.\n" +
			"A label is found when findings cover more than half of it, and named when one of them is of its detector.",
		Example: "  sluice profiles eval prompts.jsonl.gz --worst 50\n  sluice profiles eval - --json < prompts.jsonl",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.engine(cmd)
			if err != nil {
				return err
			}
			if !e.HasProfile(o.profile) {
				return usageError{fmt.Errorf("no profile %q; see 'sluice profiles list'", o.profile)}
			}
			in, closing, err := opened(cmd, args[0])
			if err != nil {
				return err
			}
			defer closing.Close()
			result, err := dlp.Eval(e, o.profile, in)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if result.Texts == 0 {
				return fmt.Errorf("%s: no labelled text in it, so nothing was measured; 'sluice profiles eval --help' shows a line", args[0])
			}
			if o.asJSON {
				return newLineEncoder(cmd).Encode(result)
			}
			return printEvaluation(cmd.OutOrStdout(), &result, o)
		},
	}
	cmd.Flags().StringVar(&o.profile, "profile", "default", "whose trigger must not fire on clean texts")
	cmd.Flags().IntVar(&o.worst, "worst", 10, "how many of the worst cases to show, at most 100")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "everything as one JSON object")
	return cmd
}

// opened opens a file, or - for standard input, and unpacks gzip.
func opened(cmd *cobra.Command, path string) (io.Reader, io.Closer, error) {
	in, closing := cmd.InOrStdin(), io.NopCloser(nil)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, fmt.Errorf("open labelled texts: %w", err)
		}
		in, closing = f, f
	}
	magic := make([]byte, 2)
	n, _ := io.ReadFull(in, magic) // what cannot be read now is told by the next read
	in = io.MultiReader(bytes.NewReader(magic[:n]), in)
	if string(magic) != "\x1f\x8b" {
		return in, closing, nil
	}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		closing.Close()
		return nil, nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	return unpacked, closing, nil
}

func printEvaluation(out io.Writer, r *dlp.Evaluation, o evalFlags) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "recall\tprecision\tlabels\tnamed\twrong\t  detector\t")
	for _, d := range r.Detectors {
		fmt.Fprintf(table, "%.1f %%\t%.1f %%\t%d\t%d\t%d\t  %s\t\n", 100*d.Recall, 100*d.Precision, d.Labels, d.Named, d.Wrong, d.Detector)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if n := min(o.worst, len(r.Worst)); n > 0 {
		fmt.Fprintf(out, "\nworst cases\n")
		for _, c := range r.Worst[:n] {
			fmt.Fprintf(out, "  %s: %s\n", c.ID, c.What)
		}
	}
	_, err := fmt.Fprintf(out, "\n%d texts, %d labels: %d found, %d named (recall %.1f %%, precision %.1f %%)\n"+
		"%d findings without a label; %d of %d clean texts have a finding, %d trigger %s\n",
		r.Texts, r.Labels, r.Found, r.Named, 100*r.Recall, 100*r.Precision,
		r.Extra, r.CleanFlagged, r.Clean, r.CleanTrigger, o.profile)
	return err
}
