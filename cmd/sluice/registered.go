package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
)

// registerKey returns the key that registered data is hashed with. It makes the key file
// when there is none: hashes under a key that is gone with the process find nothing.
func (a *app) registerKey(cmd *cobra.Command) ([]byte, error) {
	f, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(f.Keys.File, true)
	if err != nil {
		return nil, err
	}
	return keys.derive(useFingerprint), nil
}

func (a *app) profilesEDMCommand() *cobra.Command {
	var columns []string
	var out string
	build := &cobra.Command{
		Use: "build FILE.csv", Short: "Hash the cells of a table for an exact: detector",
		Long: "Read CSV with a heading line and write keyed hashes of its cells, never the cells. A detector with\n" +
			"exact: {file: customers.edm, columns: [last_name, account], require: 2, within: 200} then finds rows of it.\n" +
			"The key is that of keys.file, which all nodes must share.",
		Example: "  sluice profiles edm build customers.csv --columns last_name,account",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := a.registerKey(cmd)
			if err != nil {
				return err
			}
			if out == "" {
				out = strings.TrimSuffix(args[0], filepath.Ext(args[0])) + ".edm"
			}
			in, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("open table: %w", err)
			}
			defer in.Close()
			var hashes bytes.Buffer
			stats, err := dlp.BuildEDM(&hashes, in, key, columns)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			switch {
			case stats.Rows == 0:
				return fmt.Errorf("%s: no row below the heading line, and nothing is written; export the table with its rows", args[0])
			case stats.Cells == 0:
				return fmt.Errorf("%s: all cells are too short or too long to be told from other text, and nothing is written; name columns with longer values as --columns", args[0])
			}
			if err := replaceFile(out, hashes.Bytes()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s", out, count(stats.Rows, "row"), count(stats.Cells, "cell"))
			if stats.Skipped > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "; %d cells left out, too short or too long to be told from other text", stats.Skipped)
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		},
	}
	build.Flags().StringSliceVar(&columns, "columns", nil, "columns to take in (default: all)")
	build.Flags().StringVarP(&out, "out", "o", "", "where to write (default: FILE.edm)")
	return group("edm", "Exact data match: find rows of a registered table", build)
}

func (a *app) profilesFingerprintCommand() *cobra.Command {
	var out string
	add := &cobra.Command{
		Use: "add FILE…", Short: "Register documents for a fingerprint: detector",
		Long: "Take the text of documents, as scan would, and add keyed hashes of its passages to a file, never the text.\n" +
			"A detector with fingerprint: {file: board.fp, similarity: 0.3} then finds copies of parts of them.\n" +
			"A document of the same name is replaced. The key is that of keys.file, which all nodes must share.",
		Example: "  sluice profiles fingerprint add board-march.docx board-june.pdf --out board.fp",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := a.settings(cmd)
			if err != nil {
				return err
			}
			key, err := a.registerKey(cmd)
			if err != nil {
				return err
			}
			if out == "" {
				out = strings.TrimSuffix(args[0], filepath.Ext(args[0])) + ".fp"
			}
			file, err := os.ReadFile(out)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("open fingerprints: %w", err)
			}
			x := newExtractor(f, "")
			defer x.Close()
			added := 0
			unread, err := eachInput(cmd, args, func(path string, data []byte) error {
				awaitWorkers(cmd.Context(), x, data)
				doc := x.ExtractFile(cmd.Context(), filepath.Base(path), data)
				if doc.Outcome != extract.Complete {
					return fmt.Errorf("%s: its text is %s; save it in another format", path, doc.Outcome)
				}
				var text strings.Builder
				for _, t := range doc.Texts {
					text.WriteString(t.Text)
					text.WriteByte('\n')
				}
				if file, err = dlp.AddFingerprint(file, filepath.Base(path), []byte(text.String()), key); err != nil {
					return err
				}
				added++
				return nil
			})
			if err := errors.Join(unread, err); err != nil {
				return err
			}
			if err := replaceFile(out, file); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s added\n", out, count(added, "document"))
			return nil
		},
	}
	add.Flags().StringVarP(&out, "out", "o", "", "the file to add to (default: the first FILE's name with .fp)")
	return group("fingerprint", "Document fingerprints: find partial copies of registered documents", add)
}

// replaceFile writes a file whole or not at all, readable by its owner only.
func replaceFile(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".sluice-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
