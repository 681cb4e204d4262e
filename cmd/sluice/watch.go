package main

import (
	"context"
	"fmt"
	"io/fs"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/sluice-dlp/sluice/internal/rulefiles"
)

// settle is how long files must be quiet before a reload: editors and deployments write
// several in a row.
const settle = 200 * time.Millisecond

// watch begins to watch the rule files, before they are read: what changes from then on
// waits for watchFiles.
func (n *node) watch() (err error) {
	if n.watcher, err = fsnotify.NewWatcher(); err != nil {
		return fmt.Errorf("watch rule files: %w", err)
	}
	return n.watchDirs()
}

func (n *node) watchDirs() error {
	for _, dir := range n.ruleDirs() {
		if err := n.watcher.Add(dir); err != nil {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
	}
	return nil
}

// watchFiles reloads the rules on SIGHUP and when a rule file changes, until ctx ends.
func (n *node) watchFiles(ctx context.Context) error {
	defer signal.Stop(n.hup)
	w := n.watcher
	quiet := time.NewTimer(settle)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.hup:
			n.reloadRules(ctx, "SIGHUP")
		case e := <-w.Events:
			if n.isRuleFile(e.Name) {
				quiet.Reset(settle)
			}
		case err := <-w.Errors:
			n.log.Error("watching rule files", "error", err)
			quiet.Reset(settle) // events were lost
		case <-quiet.C:
			if err := n.watchDirs(); err != nil { // there may be new directories
				n.log.Error("watching rule files", "error", err)
			}
			n.reloadRules(ctx, "a file changed")
		}
	}
}

// ruleDirs returns the directories to watch: all that are read, and the policy's, rather
// than the file, which editors replace.
func (n *node) ruleDirs() []string {
	var dirs []string
	for _, root := range n.ruleTrees() {
		dirs = append(dirs, root)
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error { // loading tells what cannot be read
			switch {
			case err != nil:
				return fs.SkipDir
			case !d.IsDir() || path == root:
				return nil
			case n.isData(path) || rulefiles.IsCopy(d.Name()):
				return fs.SkipDir
			}
			dirs = append(dirs, path)
			return nil
		})
	}
	if p := n.config.Policy.File; p != "" {
		dirs = append(dirs, filepath.Dir(p))
	}
	return dirs
}

func (n *node) ruleTrees() []string {
	return slices.Concat(n.config.Catalogue.Dirs, n.config.Profiles.Dirs)
}

// isRuleFile reports whether the rules may have changed with what is at path, as the
// watcher names it: it puts "./" in front of what is in the working directory.
func (n *node) isRuleFile(path string) bool {
	path = filepath.Clean(path)
	// Kubernetes changes all mounted files at once, by the link that they all lead over.
	if filepath.Base(path) == "..data" || n.config.Policy.File != "" && path == filepath.Clean(n.config.Policy.File) {
		return true
	}
	return slices.ContainsFunc(n.ruleTrees(), func(root string) bool {
		in, err := filepath.Rel(root, path)
		return err == nil && filepath.IsLocal(in) && !n.isData(path)
	})
}

// isData reports whether path is data_dir or in it: each event would make a reload where it
// lies among the rules.
func (n *node) isData(path string) bool {
	in, err := filepath.Rel(n.config.DataDir, path)
	return err == nil && filepath.IsLocal(in)
}
