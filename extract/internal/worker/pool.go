package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// Options are the options of a Pool. Zero fields mean their defaults.
type Options struct {
	Command  []string      // of the child
	Env      []string      // of the child: it inherits none
	Children int           // default 2
	Jobs     int           // files that one child reads; default 200
	Pause    time.Duration // before a child that did not start is tried again; default 5 s
}

// Pool is child processes that wait for work. It is safe for concurrent use.
type Pool struct {
	opts  Options
	ready chan *child
	mu    sync.Mutex // guards wg against work that begins while Close waits
	wg    sync.WaitGroup
	start sync.Once
	alive atomic.Int32  // children that work or can
	sick  chan struct{} // closed when a child did not start
	once  sync.Once     // closes sick
	stop  context.CancelFunc
	ctx   context.Context // of the children: it ends with Close
}

// child is one process.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	jobs int
}

// New returns a pool whose children start with the first work, or with Warm.
func New(o Options) *Pool {
	if o.Children == 0 {
		o.Children = 2
	}
	if o.Jobs == 0 {
		o.Jobs = 200
	}
	if o.Pause == 0 {
		o.Pause = 5 * time.Second
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Pool{opts: o, ready: make(chan *child, o.Children), sick: make(chan struct{}), ctx: ctx, stop: stop}
}

// Close kills the children and waits for them.
func (p *Pool) Close() {
	p.start.Do(func() {}) // none will start
	p.mu.Lock()
	p.stop()
	p.mu.Unlock()
	p.wg.Wait()
	for {
		select {
		case c := <-p.ready:
			c.kill()
		default:
			return
		}
	}
}

// Warm starts the children: one, and the others once it can work, so that what the first
// compiles and keeps is not compiled by all of them at once.
func (p *Pool) Warm() {
	p.start.Do(func() { p.replace(p.opts.Children - 1) })
}

// Wait starts the children and waits until one can work.
func (p *Pool) Wait(ctx context.Context) error {
	c, err := p.take(ctx)
	if err != nil {
		return fmt.Errorf("wait for a worker: %w", err)
	}
	p.ready <- c
	return nil
}

// take waits for a child that can work; not when there is none, and none will start.
func (p *Pool) take(ctx context.Context) (*child, error) {
	p.Warm()
	for sick := p.sick; ; sick = nil {
		select {
		case c := <-p.ready:
			return c, nil
		default:
		}
		select {
		case c := <-p.ready:
			return c, nil
		case <-sick:
			if p.alive.Load() == 0 {
				return nil, errors.New("none has started")
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.ctx.Done():
			return nil, errors.New("the pool is closed")
		}
	}
}

// replace starts one child in the background; it is in ready once it can work. After it so
// many others follow.
func (p *Pool) replace(others int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	p.wg.Go(func() {
		for p.ctx.Err() == nil {
			c, err := p.spawn()
			if err == nil {
				p.alive.Add(1)
				for range others {
					p.replace(0)
				}
				select {
				case p.ready <- c:
				case <-p.ctx.Done():
					c.kill()
				}
				return
			}
			p.once.Do(func() { close(p.sick) })
			select {
			case <-time.After(p.opts.Pause):
			case <-p.ctx.Done():
			}
		}
	})
}

// spawn starts a process and waits for its first frame.
func (p *Pool) spawn() (*child, error) {
	cmd := exec.CommandContext(p.ctx, p.opts.Command[0], p.opts.Command[1:]...)
	cmd.Env = append([]string{"GOMEMLIMIT=512MiB", "GOMAXPROCS=2"}, p.opts.Env...)
	cmd.Dir = os.TempDir()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10)}
	kind, _, err := readFrame(c.out, 0)
	if err != nil || kind != frameReady {
		c.kill()
		return nil, fmt.Errorf("start worker: it ended before it was ready: %w", errors.Join(err, cmd.Err))
	}
	return c, nil
}

// kill ends the process and waits for it.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.in.Close()
	_ = c.cmd.Wait()
}

// Result is what a child has found before it ended or was stopped.
type Result struct {
	Pages     []string
	Info      string
	Files     []File
	Limit     string
	Encrypted bool
	Failed    bool // the file cannot be read, or the child died of it
	Late      bool // the time was up
}

// File is one file within the file.
type File struct {
	Name string
	Data []byte
}

// Read has a child read a file, for as long as until. It is false when no child was free
// in time. output bounds the bytes that are taken from the child.
func (p *Pool) Read(ctx context.Context, until time.Time, job Job, output int) (Result, bool) {
	if len(job.Data)+jobHeader > maxFrame {
		return Result{}, false
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	c, err := p.take(ctx)
	if err != nil {
		return Result{}, false
	}
	stopped := context.AfterFunc(ctx, func() { _ = c.cmd.Process.Kill() })
	r, alive := c.work(job, output)
	inTime := stopped()
	r.Late = !inTime
	if c.jobs++; alive && inTime && c.jobs < p.opts.Jobs && p.ctx.Err() == nil {
		p.ready <- c // it has room for every child
		return r, true
	}
	c.kill()
	p.alive.Add(-1)
	p.replace(0)
	return r, true
}

// work sends one file and reads what comes back; alive is false when the child is of no
// further use.
func (c *child) work(job Job, output int) (r Result, alive bool) {
	if err := writeFrame(c.in, frameJob, job.header(), job.Data); err != nil {
		r.Failed = true
		return r, false
	}
	name := ""
	for {
		kind, content, err := readFrame(c.out, output)
		if err != nil {
			r.Failed = !errors.Is(err, errFrame)
			if !r.Failed {
				r.Limit = "expanded"
			}
			return r, false
		}
		output -= len(content)
		switch kind {
		case framePage:
			r.Pages = append(r.Pages, string(content))
		case frameInfo:
			r.Info = string(content)
		case frameName:
			name = string(content)
		case frameFile:
			r.Files = append(r.Files, File{name, content})
		case frameEncrypted:
			r.Encrypted = true
		case frameLimit:
			r.Limit = string(content)
		case frameFailed:
			r.Failed = true
			return r, true
		case frameDone:
			return r, true
		}
	}
}
