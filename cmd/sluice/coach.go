package main

import (
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/reqmod"
	"github.com/sluice-dlp/sluice/store"
)

// pagesOf returns the company's own files for employees; nil when there are none.
func pagesOf(f *config.File) fs.FS {
	if f.Pages.Dir == "" {
		return nil
	}
	return os.DirFS(f.Pages.Dir)
}

// coachPages returns those of the coach page, in the folder coach.
func coachPages(f *config.File) (fs.FS, error) {
	pages := pagesOf(f)
	if pages == nil {
		return nil, nil
	}
	if _, err := fs.Stat(pages, "coach"); err != nil {
		return nil, nil //nolint:nilerr // there are none
	}
	return fs.Sub(pages, "coach")
}

// newCoach returns the pages that the links of coached requests lead to.
func (n *node) newCoach() (*console.Coach, error) {
	o, err := coachOptions(n.config, n.keys)
	if err != nil {
		return nil, err
	}
	o.Store, o.Log, o.Mask = n.store, n.log, n.handler.Mask
	o.AppName = func(id string) string {
		if app, ok := n.running.Load().Catalogue.App(id); ok {
			return app.Name
		}
		return id // found by shape: its host
	}
	o.DetectorName = func(id string) string { return n.running.Load().Engine.DetectorName(id) }
	return console.NewCoach(o)
}

// checkCoach finds the mistakes that newCoach would.
func checkCoach(f *config.File, keys keyring) error {
	o, err := coachOptions(f, keys)
	if err != nil {
		return err
	}
	o.Store = &store.Store{}
	_, err = console.NewCoach(o)
	return err
}

// coachOptions are those that settings and keys alone decide.
func coachOptions(f *config.File, keys keyring) (console.CoachOptions, error) {
	pages, err := coachPages(f)
	if err != nil {
		return console.CoachOptions{}, fmt.Errorf("pages.dir: %w", err)
	}
	key := keys.derive(useToken)
	return console.CoachOptions{
		Pages: pages,
		Open: func(token string) (console.CoachTicket, error) {
			t, err := reqmod.OpenCoach(key, token, time.Now())
			return console.CoachTicket{
				Event: t.Event, User: t.User, IP: t.IP, App: t.App, Subjects: t.Subjects, Nonce: t.Nonce, Expires: t.Expires,
			}, err
		},
		Terms: func(subjects []string) console.CoachTerms {
			lifetime, approval := f.Exceptions.For(subjects)
			return console.CoachTerms{Lifetime: lifetime, Approval: approval}
		},
	}, nil
}
