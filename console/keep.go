package console

import (
	"context"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// keeping marks a context in which reports are made anew although those of before would do.
type keeping struct{}

// How often the main screens' reports are made anew: not so often that it takes more than a
// hundredth of a core, and so often that nobody meets one that is too old.
const (
	keepEvery = time.Minute
	keepCost  = 100
)

// KeepReports makes what the main screens show, over and over until [Server.Close], so that the
// first visitor of a morning waits no longer than the second. It begins after a minute, when
// a new node has seen something, and returns at once.
func (s *Server) KeepReports() {
	c := s.reports
	c.behind.Go(func() {
		wait := keepEvery
		for {
			select {
			case <-time.After(wait):
			case <-c.renewing.Done():
				return
			}
			began := s.now()
			if err := s.makeMain(context.WithValue(c.renewing, keeping{}, true)); err != nil {
				s.log.Debug("keep the main reports", "error", err) // a page will tell who asks
			}
			wait = keepAgain(s.now().Sub(began))
		}
	})
}

// keepAgain returns how long to wait after a round that took so long. Of a round as quick as one
// report that is not kept, nothing is.
func keepAgain(took time.Duration) time.Duration {
	const longest = cacheStale - keepEvery
	if took < cacheSlow {
		return longest
	}
	return min(max(keepEvery, keepCost*took), longest)
}

// makeMain makes the reports of 30 days of the overview, the printed report, coverage, the lists
// of apps and of people, and of the apps that are used most.
func (s *Server) makeMain(ctx context.Context) error {
	sp := windowOf(nil, "30d", s.now())
	d, err := s.overviewData(ctx, sp, "")
	if err != nil {
		return err
	}
	if _, err := s.groups(ctx, sp); err != nil {
		return err
	}
	if _, err := s.coverage(ctx, sp); err != nil {
		return err
	}
	stopped, err := s.peopleOf(ctx, sp, peopleStopped)
	if err != nil {
		return err
	}
	active, err := s.peopleOf(ctx, sp, peopleLists[0])
	if err != nil {
		return err
	}
	shown := [][]store.Share{stopped[:min(len(stopped), reportPeople)], active}
	for _, a := range d.Top {
		u, err := s.appNumbers(ctx, sp, a.App)
		if err != nil {
			return err
		}
		shown = append(shown, u.users)
	}
	for _, people := range shown {
		if _, err := s.userDays(ctx, people); err != nil {
			return err
		}
	}
	return nil
}
