package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/extract"
)

// maxInput bounds one file or standard input that a command reads whole.
const maxInput = 1 << 30

// extracted is one line of `sluice extract --json` (DESIGN 3).
type extracted struct {
	Path    string          `json:"path"`
	Outcome extract.Outcome `json:"outcome"`
	Limit   string          `json:"limit"`
	Texts   []extractedText `json:"texts"`
}

type extractedText struct {
	Part string `json:"part"`
	Text string `json:"text"`
}

func (a *app) extractCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "extract PATH…|-",
		Short:   "Print the text that Sluice finds in a file",
		Example: "  sluice extract letter.docx\n  sluice extract --json archive.zip",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := a.settings(cmd)
			if err != nil {
				return err
			}
			x := newExtractor(f, "")
			defer x.Close()
			return eachInput(cmd, args, func(path string, data []byte) error {
				awaitWorkers(cmd.Context(), x, data)
				return printExtracted(cmd, path, x.ExtractFile(cmd.Context(), filepath.Base(path), data), asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a file")
	return cmd
}

func printExtracted(cmd *cobra.Command, path string, d extract.Document, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		e := extracted{Path: path, Outcome: d.Outcome, Limit: d.Limit, Texts: make([]extractedText, len(d.Texts))}
		for i, t := range d.Texts {
			e.Texts[i] = extractedText(t)
		}
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return enc.Encode(e)
	}
	fmt.Fprintln(cmd.ErrOrStderr(), strings.TrimSpace(fmt.Sprintf("%s: %s %s", path, d.Outcome, d.Limit)))
	for _, t := range d.Texts {
		if _, err := fmt.Fprintln(out, t.Text); err != nil {
			return err
		}
	}
	return nil
}

// eachInput reads every path, walks directories, and reads "-" from standard input.
func eachInput(cmd *cobra.Command, args []string, f func(path string, data []byte) error) error {
	for _, arg := range args {
		if arg == "-" {
			data, err := readBounded(cmd.InOrStdin(), "standard input")
			if err != nil {
				return err
			}
			if err := f("-", data); err != nil {
				return err
			}
			continue
		}
		err := eachFile(arg, func(path string) error {
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			defer file.Close()
			data, err := readBounded(file, path)
			if err != nil {
				return err
			}
			return f(path, data)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachFile calls f for what is named, be it a link or a pipe, or for the regular files in a
// directory.
func eachFile(named string, f func(path string) error) error {
	st, err := os.Stat(named)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return f(named)
	}
	if st, err := os.Lstat(named); err == nil && st.Mode()&fs.ModeSymlink != 0 {
		named += string(filepath.Separator) // WalkDir follows no link otherwise
	}
	return filepath.WalkDir(named, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return f(path)
	})
}

func readBounded(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("read %s: larger than 1 GiB; split it", name)
	}
	return data, nil
}
