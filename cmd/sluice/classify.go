package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/classify"
)

// classified is DESIGN 4.5.
type classified struct {
	Input    string  `json:"input"`
	App      *string `json:"app"`
	Name     string  `json:"name,omitempty"`
	Category string  `json:"category,omitempty"`
	Scope    string  `json:"scope,omitempty"`
}

func (a *app) classifyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "classify URL|HOST…|-",
		Short:   "Tell which AI app a URL or host belongs to",
		Example: "  sluice classify chatgpt.com https://api.groq.com/openai/v1/chat/completions\n  sluice classify --json - < hosts.txt",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := a.settings(cmd)
			if err != nil {
				return err
			}
			catalogue, err := loadCatalogue(f)
			if err != nil {
				return err
			}
			return classifyAll(cmd, catalogue, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func classifyAll(cmd *cobra.Command, catalogue *classify.Catalogue, args []string, asJSON bool) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	defer out.Flush()
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	defer table.Flush()
	show := func(input string) error {
		c := classifyOne(catalogue, input)
		if asJSON {
			return json.NewEncoder(out).Encode(c)
		}
		if c.App == nil {
			fmt.Fprintf(table, "%s\t-\tnot an AI app\n", input)
			return nil
		}
		fmt.Fprintf(table, "%s\t%s\t%s (%s, by %s)\n", input, *c.App, c.Name, c.Category, c.Scope)
		return nil
	}
	for _, arg := range args {
		if arg != "-" {
			if err := show(arg); err != nil {
				return err
			}
			continue
		}
		if err := eachLine(cmd.InOrStdin(), func(_ int, line string) error { return show(line) }); err != nil {
			return err
		}
	}
	return errors.Join(table.Flush(), out.Flush())
}

// maxLine bounds one line of standard input.
const maxLine = 64 << 20

// eachLine calls f for every line that is not blank, with its number. A byte order mark is
// passed over.
func eachLine(r io.Reader, f func(n int, line string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := f(n, line); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d MiB", n, maxLine>>20)
	}
	return lines.Err()
}

func classifyOne(catalogue *classify.Catalogue, input string) classified {
	host, path := splitTarget(input)
	m, ok := catalogue.Host(host, path)
	if !ok {
		return classified{Input: input}
	}
	return classified{Input: input, App: &m.App.ID, Name: m.App.Name, Category: m.App.Category, Scope: m.Scope}
}

// splitTarget reads a URL, host, host:port or host/path.
func splitTarget(input string) (host, path string) {
	s := input
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return input, ""
	}
	return u.Hostname(), u.EscapedPath()
}
