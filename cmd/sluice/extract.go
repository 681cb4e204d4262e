package main

import (
	"encoding/json"
	"errors"
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
			unread, err := eachInput(cmd, args, func(path string, data []byte) error {
				awaitWorkers(cmd.Context(), x, data)
				return printExtracted(cmd, path, x.ExtractFile(cmd.Context(), filepath.Base(path), data), asJSON)
			})
			return errors.Join(unread, err)
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

// eachInput calls f for every path, every file in directories, and standard input for "-". What
// cannot be read does not keep it from the rest: it is in unread. An error of f ends it.
func eachInput(cmd *cobra.Command, args []string, f func(path string, data []byte) error) (unread, err error) {
	for _, arg := range args {
		read := func(path string) error {
			data, err := readInput(cmd, path)
			if err != nil {
				unread = errors.Join(unread, err)
				return nil
			}
			return f(path, data)
		}
		if arg == "-" {
			err = read(arg)
		} else {
			err = eachFile(arg, read, func(err error) { unread = errors.Join(unread, err) })
		}
		if err != nil {
			return unread, err
		}
	}
	return unread, nil
}

// readInput reads one file, or standard input for "-".
func readInput(cmd *cobra.Command, path string) ([]byte, error) {
	if path == "-" {
		return readBounded(cmd.InOrStdin(), "standard input")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readBounded(file, path)
}

// eachFile calls f for what is named, be it a link or a pipe, or for the regular files in a
// directory, and unread for what it cannot look into.
func eachFile(named string, f func(path string) error, unread func(error)) error {
	st, err := os.Stat(named)
	if err != nil {
		unread(err)
		return nil
	}
	if !st.IsDir() {
		return f(named)
	}
	if st, err := os.Lstat(named); err == nil && st.Mode()&fs.ModeSymlink != 0 {
		named += string(filepath.Separator) // WalkDir follows no link otherwise
	}
	return filepath.WalkDir(named, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			unread(err)
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
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
