package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/export"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/filelock"
	"github.com/sluice-dlp/sluice/notify"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/reqmod"
	"github.com/sluice-dlp/sluice/respmod"
	"github.com/sluice-dlp/sluice/store"
)

// drainTime bounds how long a stopping node waits for answers in flight.
const drainTime = 10 * time.Second

// Offers of OPTIONS (DESIGN 4.6). Squid 5.7 hangs on a preview over 65,535 bytes; any
// preview but 0 of a response stalls server-sent events.
const (
	reqmodPreview  = 65535
	respmodPreview = 0
)

// node is one running server: everything is wired here and nowhere else.
type node struct {
	config    *config.File
	log       *slog.Logger
	lock      *filelock.Lock // of data_dir
	keys      keyring
	store     *store.Store
	recorder  *event.Recorder
	handler   *reqmod.Handler
	extractor *extract.Extractor
	icap      *icap.Server
	ops       *ops
	contact   *contact
	console   *webConsole // nil: off

	exporters []*export.Sink
	notifiers []*notify.Sink
	excepted  exceptions

	icapAddr, opsAddr net.Addr

	reload  sync.Mutex                    // one reload at a time
	stale   atomic.Bool                   // the last reload of the rules was refused
	rules   *ruleset                      // the last good one
	running atomic.Pointer[console.Rules] // the same, for the console
	watcher *fsnotify.Watcher             // of the rule files
	hup     chan os.Signal                // SIGHUP, from the start on: it would end a process that does not take it yet
	stop    context.CancelFunc
	tasks   sync.WaitGroup
	failed  chan error
}

// startNode starts everything and returns when the node is ready to answer.
func startNode(ctx context.Context, f *config.File, log *slog.Logger) (n *node, err error) {
	// What asks the node to end must not end its parts: close does, one after the other.
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	n = &node{config: f, log: log, ops: newOps(), contact: newContact(), stop: stop, failed: make(chan error, 8), hup: make(chan os.Signal, 1)}
	signal.Notify(n.hup, syscall.SIGHUP)
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	if err := store.MakeDir(f.DataDir); err != nil {
		return n, err
	}
	if n.lock, err = lockData(f.DataDir); err != nil {
		return n, err
	}
	_, absent := os.Stat(f.Keys.File)
	if n.keys, err = openKeys(f.Keys.File, true); err != nil {
		return n, err
	}
	unwatched := n.watch()
	if n.rules, err = loadRules(f, n.keys); err != nil {
		return n, err // it says more of a directory that is not there
	}
	if unwatched != nil {
		return n, unwatched
	}
	if n.store, err = store.Open(ctx, f.StoreOptions(log)); err != nil {
		return n, err
	}
	if n.recorder, err = event.Open(ctx, n.store.OutboxDB(), event.Options{Log: log, IsStore: n.store.SQLite(), DiskCap: int64(f.Outbox.Cap), Sinks: 1 + len(f.Export) + len(f.Notify)}); err != nil {
		return n, err
	}
	n.ops.trouble = n.recorder.Trouble
	if errors.Is(absent, fs.ErrNotExist) && n.recorder.Stats().Last > 0 {
		log.Warn("keys.file was not there, and was made anew: fingerprints, links and registered data of before mean nothing to it; put the old file back", "file", f.Keys.File)
	}
	if err := errors.Join(n.openExporters(ctx), n.openNotifiers(ctx)); err != nil {
		return n, err
	}
	n.extractor = newExtractor(f, f.DataDir)
	n.handler, err = newHandler(f, n.keys, reqmod.Options{Log: log, Recorder: n.recorder, Extractor: n.extractor, Exceptions: &n.excepted})
	if err != nil {
		return n, err
	}
	if err := n.swap(ctx, n.rules); err != nil {
		return n, err
	}
	if err := n.listen(); err != nil {
		return n, err
	}
	n.background(life)
	n.ops.ready.Store(true)
	return n, nil
}

// lockData keeps other servers off data_dir: two would answer for one node and deliver its
// events side by side. Other commands need no lock.
func lockData(dir string) (*filelock.Lock, error) {
	lock, err := filelock.Try(filepath.Join(dir, "serve.lock"))
	var held *filelock.HeldError
	switch {
	case errors.As(err, &held):
		who := "another server"
		if held.PID > 0 {
			who += fmt.Sprintf(" (process %d)", held.PID)
		}
		return nil, fmt.Errorf("data_dir %s is in use by %s: stop that one, or give this one a data_dir of its own", dir, who)
	case err != nil:
		return nil, fmt.Errorf("data_dir %s: %w; there must be room, and all in it belong to the user that Sluice runs as", dir, err)
	}
	return lock, nil
}

// newHandler returns the request path: o is what the caller has, settings fill in the rest.
func newHandler(f *config.File, keys keyring, o reqmod.Options) (*reqmod.Handler, error) {
	o.Node, o.FailOpen = f.Node, f.FailOpen()
	o.FileKey, o.TokenKey = keys.derive(useFileHash), keys.derive(useToken)
	o.IdentityHeaders, o.IsolateTemplate = f.Identity.Headers, f.Isolate.Template
	o.ConsoleURL, o.Pages = f.Console.URL, pagesOf(f)
	if key := f.Payload.AgeRecipient; key != "" && o.Recorder != nil {
		sealer, err := event.NewSealer(key)
		if err != nil {
			return nil, fmt.Errorf("payload.age_recipient: %w", err)
		}
		o.Sealer = sealer
	}
	where, err := openPlaces(f.Geo)
	if err != nil {
		return nil, err
	}
	if where != nil {
		o.Geo = where
	}
	return reqmod.New(o)
}

// snapshot joins the rules with approval statuses.
func (rs *ruleset) snapshot(statuses map[string]policy.Status) (*reqmod.Rules, error) {
	return reqmod.NewRules(reqmod.Sources{
		Catalogue: rs.catalogue, Engine: rs.engine, Policy: rs.policy, Statuses: statuses, Build: build(),
	})
}

func readStatuses(ctx context.Context, s *store.Store) (map[string]policy.Status, error) {
	set, err := s.Statuses(ctx)
	if err != nil {
		return nil, fmt.Errorf("read approval statuses: %w", err)
	}
	statuses := make(map[string]policy.Status, len(set))
	for id, st := range set {
		statuses[id] = st.Status
	}
	return statuses, nil
}

// swap makes rules and what the store has decided (statuses, exceptions) the running ones.
func (n *node) swap(ctx context.Context, rs *ruleset) error {
	statuses, err := readStatuses(ctx, n.store)
	if err != nil {
		return err
	}
	if err := n.excepted.read(ctx, n.store); err != nil {
		return err
	}
	rules, err := rs.snapshot(statuses)
	if err != nil {
		return err
	}
	before := n.rules
	n.rules = rs
	n.handler.Swap(rules)
	n.running.Store(&console.Rules{Catalogue: rs.catalogue, Engine: rs.engine, Policy: rs.policy, Statuses: statuses, Version: n.handler.Version()})
	if before != nil && before.engine != rs.engine {
		before.engine.Close()
	}
	if err := n.store.Keep(ctx); err != nil {
		n.log.Error("a start without Postgres would enforce older statuses", "error", err)
	}
	return nil
}

// reloadRules loads catalogue, profiles, policy and statuses anew; when one is bad the
// running rules stay.
func (n *node) reloadRules(ctx context.Context, why string) {
	n.reload.Lock()
	defer n.reload.Unlock()
	rs, err := loadRules(n.config, n.keys)
	if err == nil {
		err = n.swap(ctx, rs)
	}
	n.stale.Store(err != nil)
	if err != nil {
		n.log.Error("reload refused: the running rules stay", "why", why, "error", short(err.Error()))
		return
	}
	n.log.Info("rules reloaded", "why", why, "snapshot", n.handler.Version())
}

// reloadDecisions takes over changed approval statuses and exceptions.
func (n *node) reloadDecisions(ctx context.Context) {
	n.reload.Lock()
	defer n.reload.Unlock()
	if err := n.swap(ctx, n.rules); err != nil {
		n.log.Error("statuses and exceptions not taken over: the running ones stay", "error", err)
		return
	}
	n.log.Info("statuses and exceptions taken over", "snapshot", n.handler.Version())
}

func (n *node) listen() error {
	f := n.config
	inherited, err := inheritedSockets()
	if err != nil {
		return err
	}
	o := f.ICAPOptions()
	o.Log = n.log
	o.Services = []icap.Service{
		{Path: "/reqmod", Method: icap.MethodReqmod, Handler: n.contact.watch(n.handler), Preview: reqmodPreview, ISTag: n.handler.Version, Include: n.handler.Include()},
		{Path: "/respmod", Method: icap.MethodRespmod, Handler: &respmod.Handler{Events: n.recorder}, Preview: respmodPreview, ISTag: n.handler.Version},
	}
	if f.ICAP.TLS.Listen != "" {
		if o.TLS, err = serverTLS(f.ICAP.TLS, n.log); err != nil {
			return err
		}
	}
	if n.icap, err = icap.New(o); err != nil {
		return err
	}
	n.ops.registry.MustRegister(n.icap.Collector(), n.handler.Collector(), outboxMetrics{n.recorder}, rulesMetric(&n.stale),
		matcherMetrics{func() dlp.Usage { return n.running.Load().Engine.Usage() }})
	if n.icapAddr, err = n.open(inherited, "icap", f.ICAP.Listen, n.icap.Serve, icap.ErrServerClosed); err != nil {
		return err
	}
	if o.TLS != nil {
		if _, err = n.open(inherited, "icaps", f.ICAP.TLS.Listen, n.icap.ServeTLS, icap.ErrServerClosed); err != nil {
			return err
		}
	}
	if n.opsAddr, err = n.open(inherited, "ops", f.Ops.Listen, n.ops.serve, http.ErrServerClosed); err != nil {
		return err
	}
	return n.openConsole(inherited)
}

// open serves on the listeners of a name, and returns the address of the first.
func (n *node) open(s sockets, name, addr string, serve func(net.Listener) error, expected error) (net.Addr, error) {
	listeners, err := s.listen(name, addr)
	if err != nil || len(listeners) == 0 {
		return nil, err
	}
	for _, l := range listeners {
		n.serve(name, func() error { return serve(l) }, expected)
	}
	return listeners[0].Addr(), nil
}

// serverTLS loads the certificate, which is read again when it changes, and the clients'
// CA where one is set.
func serverTLS(t config.TLS, log *slog.Logger) (*tls.Config, error) {
	cert, err := icap.LoadCertificate(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("icap.tls: cert %s, key %s: %w; both are PEM files and belong together", t.Cert, t.Key, err)
	}
	var said atomic.Pointer[error]
	get := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := cert.GetCertificate(hello)
		bad := cert.Err()
		if old := said.Swap(&bad); bad != nil && (old == nil || !errors.Is(bad, *old)) {
			log.Error("the new certificate is not taken: the old one stays", "cert", t.Cert, "key", t.Key, "error", bad)
		}
		return pair, err
	}
	conf := &tls.Config{GetCertificate: get, MinVersion: tls.VersionTLS12}
	if t.ClientCA == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("icap.tls.client_ca: %w", err)
	}
	conf.ClientCAs, conf.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !conf.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("icap.tls.client_ca %s: no certificate in it; want PEM", t.ClientCA)
	}
	return conf, nil
}

// serve runs f until it ends; an end that is not the expected one stops the node.
func (n *node) serve(name string, f func() error, expected error) {
	n.tasks.Go(func() {
		if err := f(); err != nil && !errors.Is(err, expected) {
			n.failed <- fmt.Errorf("%s: %w", name, err)
		}
	})
}

// background starts what runs beside requests, until close.
func (n *node) background(ctx context.Context) {
	n.serve("watch statuses", func() error {
		return n.store.Watch(ctx, func() { n.reloadDecisions(ctx) })
	}, context.Canceled)
	n.serve("retention", func() error { return n.store.RunMaintenance(ctx, n.config.StoreRetention()) }, context.Canceled)
	n.extractor.Warm()
	n.serve("watch rules", func() error { return n.watchFiles(ctx) }, context.Canceled)
	n.serve("heartbeat", func() error { return n.tellOfItself(ctx) }, context.Canceled)
	n.runSinks(ctx)
}

// wait returns when ctx ends or a part of the node has failed.
func (n *node) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.failed:
		return err
	}
}

// close drains: answers in flight are completed and their events written.
func (n *node) close() error {
	n.ops.ready.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	var errs []error
	if n.icap != nil {
		errs = append(errs, n.icap.Shutdown(ctx))
	}
	if n.console != nil {
		errs = append(errs, n.console.shutdown(ctx))
	}
	if n.recorder != nil {
		errs = append(errs, n.recorder.Close(ctx))
	}
	n.stop()
	errs = append(errs, n.ops.shutdown(ctx))
	n.tasks.Wait()
	errs = append(errs, n.closeExporters())
	if n.extractor != nil {
		errs = append(errs, n.extractor.Close())
	}
	if n.watcher != nil {
		errs = append(errs, n.watcher.Close())
	}
	if n.rules != nil {
		n.rules.engine.Close()
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.lock != nil {
		errs = append(errs, n.lock.Release())
	}
	return errors.Join(errs...)
}
