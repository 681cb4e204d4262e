package main

import (
	"context"
	"errors"
	"strings"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/export"
	"github.com/sluice-dlp/sluice/notify"
)

// openExporters makes the exporters of the settings; run starts them.
func (n *node) openExporters(ctx context.Context) error {
	list, err := n.config.ExportOptions()
	if err != nil {
		return err
	}
	for _, o := range list {
		sink, err := export.New(ctx, o, n.recorder.Cursors(), n.recorder.Outbox(), n.recorder.Stats().Last)
		if err != nil {
			return err
		}
		n.exporters = append(n.exporters, sink)
	}
	return nil
}

// openNotifiers makes the channels to people of the settings. Nodes that share a database
// tell of the same only once.
func (n *node) openNotifiers(ctx context.Context) error {
	list, err := n.config.NotifyOptions()
	if err != nil {
		return err
	}
	for _, o := range list {
		o.Log = n.log
		o.DetectorName = func(id string) string { return n.running.Load().Engine.DetectorName(id) }
		if base := strings.TrimSuffix(n.config.Console.URL, "/"); base != "" {
			o.Link = func(event string) string { return base + "/events/" + event }
		}
		sink, err := notify.New(ctx, o, n.recorder.Cursors(), n.store, n.recorder.Outbox(), n.recorder.Stats().Last)
		if err != nil {
			return err
		}
		n.notifiers = append(n.notifiers, sink)
	}
	return nil
}

// runSinks feeds the store and every exporter from the outbox, each at its own pace.
func (n *node) runSinks(ctx context.Context) {
	sinks := []event.Sink{n.store.Sink()}
	for _, x := range n.exporters {
		sinks = append(sinks, x)
	}
	for _, x := range n.notifiers {
		sinks = append(sinks, x)
	}
	for _, sink := range sinks {
		n.serve("sink "+sink.Name(), func() error {
			if err := n.recorder.Run(ctx, sink); !errors.Is(err, event.ErrClosed) {
				return err
			}
			return nil
		}, context.Canceled)
	}
}

// closeExporters closes files and connections after the sinks have ended.
func (n *node) closeExporters() error {
	var errs []error
	for _, x := range n.exporters {
		errs = append(errs, x.Close())
	}
	return errors.Join(errs...)
}
