package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/reqmod"
	"github.com/sluice-dlp/sluice/store"
)

// explainFlags are the flags of `sluice explain`.
type explainFlags struct {
	user     string
	groups   []string
	statuses []string
	indent   bool
}

func (a *app) explainCommand() *cobra.Command {
	var o explainFlags
	cmd := &cobra.Command{
		Use: "explain FILE.har|FILE.icap …", Short: "Show what Sluice would see in recorded requests, and do",
		Long: "Print one JSON object a request: app, texts, files, findings, decision and trace. FILE is an HTTP Archive,\n" +
			"as browsers save it, or the raw bytes of an ICAP client. Nothing is recorded.",
		Example: "  sluice explain session.har --user alice --group finance --status chatgpt=in_review",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.explain(cmd, args, o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.user, "user", "", "decide for this user")
	flags.StringArrayVar(&o.groups, "group", nil, "who is in this group (repeatable)")
	flags.StringArrayVar(&o.statuses, "status", nil, "with this approval status: app=status (repeatable)")
	flags.BoolVar(&o.indent, "indent", false, "indent the JSON for reading")
	return cmd
}

func (a *app) explain(cmd *cobra.Command, args []string, o explainFlags) error {
	f, err := a.settings(cmd)
	if err != nil {
		return err
	}
	x := newExtractor(f, "")
	defer x.Close()
	h, err := explainHandler(cmd.Context(), f, x, o)
	if err != nil {
		return err
	}
	enc := newLineEncoder(cmd)
	if o.indent {
		enc.SetIndent("", "  ")
	}
	var errs []error
	for _, path := range args {
		if err := explainFile(cmd.Context(), h, x, path, o, enc); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// explainHandler is the handler that serve would use, without a recorder.
func explainHandler(ctx context.Context, f *config.File, x *extract.Extractor, o explainFlags) (*reqmod.Handler, error) {
	keys, err := openKeys(f.Keys.File, false)
	if err != nil {
		return nil, err
	}
	rs, err := loadRules(f, keys)
	if err != nil {
		return nil, err
	}
	statuses, err := storedStatuses(ctx, f)
	if err != nil {
		return nil, err
	}
	for _, s := range o.statuses {
		id, name, ok := strings.Cut(s, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--status %q: want app=status, such as chatgpt=approved", s)}
		}
		status, err := policy.ParseStatus(name)
		if err != nil {
			return nil, usageError{fmt.Errorf("--status %q: %w", s, err)}
		}
		if !rs.catalogue.Named(id) {
			return nil, usageError{fmt.Errorf("--status %q: no app %q; see 'sluice apps list'", s, id)}
		}
		statuses[id] = status
	}
	h, err := newHandler(f, keys, reqmod.Options{Extractor: x})
	if err != nil {
		return nil, err
	}
	rules, err := rs.snapshot(statuses)
	if err != nil {
		return nil, err
	}
	h.Swap(rules)
	return h, nil
}

// storedStatuses reads the statuses of the store, where there is one already.
func storedStatuses(ctx context.Context, f *config.File) (map[string]policy.Status, error) {
	if f.Database.URL.Reveal() == "" {
		if _, err := os.Stat(f.DataDir); errors.Is(err, fs.ErrNotExist) {
			return map[string]policy.Status{}, nil
		}
	}
	s, err := store.Open(ctx, f.StoreOptions(nil))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return readStatuses(ctx, s)
}

func explainFile(ctx context.Context, h *reqmod.Handler, x *extract.Extractor, path string, o explainFlags, enc *json.Encoder) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	explain := func(ctx context.Context, r *icap.Request) error {
		r.Header = identify(r.Header, o)
		return enc.Encode(h.Explain(ctx, r))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if ext := filepath.Ext(path); ext == ".icap" || ext != ".har" && !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		awaitWorkers(ctx, x, data)
		return replayICAP(ctx, data, explain)
	}
	return replayHAR(data, func(r *icap.Request) error {
		awaitWorkers(ctx, x, r.Body.Preview())
		return explain(ctx, r)
	})
}

// identify puts the user and groups of the flags in place of those the header names.
func identify(header icap.Header, o explainFlags) icap.Header {
	var out bytes.Buffer
	header.Each(func(name, value []byte) bool {
		lower := strings.ToLower(string(name))
		if (o.user == "" || (lower != "x-authenticated-user" && lower != "x-client-username")) &&
			(len(o.groups) == 0 || lower != "x-authenticated-groups") {
			fmt.Fprintf(&out, "%s: %s\r\n", name, value)
		}
		return true
	})
	clean := strings.NewReplacer("\r", "", "\n", "")
	if o.user != "" {
		fmt.Fprintf(&out, "X-Authenticated-User: %s\r\n", clean.Replace(o.user))
	}
	if len(o.groups) > 0 {
		fmt.Fprintf(&out, "X-Authenticated-Groups: %s\r\n", clean.Replace(strings.Join(o.groups, ",")))
	}
	return icap.ParseHeader(out.Bytes())
}
