package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long files must be quiet before a reload: editors and deployments write
// several in a row.
const settle = 200 * time.Millisecond

// watchFiles reloads the rules on SIGHUP and when a rule file changes, until ctx ends.
func (n *node) watchFiles(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch rule files: %w", err)
	}
	defer w.Close()
	for _, dir := range n.ruleDirs() {
		if err := w.Add(dir); err != nil {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
	}
	quiet := time.NewTimer(settle)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hup:
			n.reloadRules(ctx, "SIGHUP")
		case e := <-w.Events:
			if n.isRuleFile(e.Name) {
				quiet.Reset(settle)
			}
		case err := <-w.Errors:
			n.log.Error("watching rule files", "error", err)
		case <-quiet.C:
			n.reloadRules(ctx, "a file changed")
		}
	}
}

// ruleDirs returns the directories to watch. The policy's directory is watched rather than
// the file, which editors replace.
func (n *node) ruleDirs() []string {
	dirs := append(append([]string{}, n.config.Catalogue.Dirs...), n.config.Profiles.Dirs...)
	if p := n.config.Policy.File; p != "" {
		dirs = append(dirs, filepath.Dir(p))
	}
	return dirs
}

func (n *node) isRuleFile(path string) bool {
	if path == n.config.Policy.File {
		return true
	}
	dir := filepath.Dir(path)
	for _, d := range append(append([]string{}, n.config.Catalogue.Dirs...), n.config.Profiles.Dirs...) {
		if filepath.Clean(d) == dir {
			return true
		}
	}
	return false
}
