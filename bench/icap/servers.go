package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// server is one of the compared servers, running.
type server struct {
	name, addr, service string
	pid                 int
	only                func(bytes int, asSquid bool) bool // what it can be asked; nil: all
}

type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// startServers starts everything that speaks ICAP.
func (b *bench) startServers() error {
	floor, err := b.serve("floor")
	if err != nil {
		return err
	}
	floor.name = "no parsing"
	floor.only = func(n int, asSquid bool) bool { return asSquid && n <= 4<<10 }
	bare, err := b.serve("bare")
	if err != nil {
		return err
	}
	bare.name, bare.service = "Sluice's engine", "reqmod"
	product, err := b.startSluice()
	if err != nil {
		return err
	}
	cicap, err := b.startCICAP()
	if err != nil {
		return err
	}
	goicap, err := b.serve("goicap")
	if err != nil {
		return err
	}
	goicap.name, goicap.service = "go-icap echo", "echo"
	b.servers = []*server{floor, bare, product, cicap, goicap}
	return nil
}

// serve starts this program again as one of its own servers.
func (b *bench) serve(engine string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{addr: freeAddr()}
	return s, b.start(s, exec.Command(self, "serve", "-engine", engine, "-addr", s.addr))
}

// startSluice starts the product with its default profiles.
func (b *bench) startSluice() (*server, error) {
	s := &server{name: "Sluice, all profiles", addr: freeAddr(), service: "reqmod"}
	conf := filepath.Join(b.dir, "sluice.yaml")
	err := os.WriteFile(conf, fmt.Appendf(nil, "data_dir: %s\nlog: {level: error}\nicap: {listen: %q}\nconsole: {listen: %q}\nops: {listen: %q}\n",
		filepath.Join(b.dir, "data"), s.addr, freeAddr(), freeAddr()), 0o644)
	if err != nil {
		return nil, err
	}
	return s, b.start(s, exec.Command(b.sluice, "serve", "--config", conf))
}

// startCICAP starts c-icap's echo service: two processes of 100 threads, no access log.
func (b *bench) startCICAP() (*server, error) {
	s := &server{name: "c-icap echo", addr: freeAddr(), service: "echo"}
	conf := filepath.Join(b.dir, "c-icap.conf")
	modules, err := filepath.Glob("/usr/lib/*/c_icap")
	if err != nil || len(modules) == 0 {
		return nil, errors.New("c-icap is not installed")
	}
	err = os.WriteFile(conf, fmt.Appendf(nil, `PidFile %[1]s/c-icap.pid
CommandsSocket %[1]s/c-icap.ctl
ServerLog %[1]s/c-icap.log
TmpDir %[1]s
Port %[2]s
StartServers 2
MaxServers 2
ThreadsPerChild 100
MinSpareThreads 10
MaxSpareThreads 400
MaxRequestsPerChild 0
MaxKeepAliveRequests -1
KeepAliveTimeout 600
DebugLevel 0
ModulesDir %[3]s
ServicesDir %[3]s
LoadMagicFile /etc/c-icap/c-icap.magic
Service echo srv_echo.so
`, b.dir, s.addr, modules[0]), 0o644)
	if err != nil {
		return nil, err
	}
	return s, b.start(s, exec.Command("c-icap", "-N", "-f", conf))
}

// startSquid starts a Squid in front of origin, with an ICAP service or without one.
func (b *bench) startSquid(dir, origin string, icap *server) (*server, error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return nil, err
	}
	s := &server{addr: freeAddr()}
	host, port, err := net.SplitHostPort(origin)
	if err != nil {
		return nil, err
	}
	conf := fmt.Appendf(nil, `http_port %[1]s
pid_filename %[2]s/squid.pid
cache_log %[2]s/cache.log
access_log none
netdb_filename none
pinger_enable off
coredump_dir none
visible_hostname bench
shutdown_lifetime 0 seconds
cache deny all
max_filedescriptors 4096
http_access allow all
cache_peer %[3]s parent %[4]s 0 no-query no-digest no-netdb-exchange originserver
never_direct allow all
`, s.addr, dir, host, port)
	if icap != nil {
		conf = fmt.Appendf(conf, `icap_enable on
icap_preview_enable on
icap_206_enable on
icap_persistent_connections on
icap_service_failure_limit -1
adaptation_send_client_ip on
icap_service dlp reqmod_precache icap://%s/%s bypass=off
adaptation_access dlp allow all
`, icap.addr, icap.service)
	}
	file := filepath.Join(dir, "squid.conf")
	if err := os.WriteFile(file, conf, 0o644); err != nil {
		return nil, err
	}
	return s, b.start(s, exec.Command("squid", "-N", "-n", "bench"+filepath.Base(dir), "-f", file))
}

// start starts a server and waits until it takes connections.
func (b *bench) start(s *server, cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	b.running = append(b.running, p)
	go func() {
		cmd.Wait()
		close(p.ended)
	}()
	s.pid = cmd.Process.Pid
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended: %s", cmd.Path, out.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not listen on %s", cmd.Path, s.addr)
}

// stop ends what was started, the last first.
func (b *bench) stop() {
	for i := len(b.running) - 1; i >= 0; i-- {
		p := b.running[i]
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(5 * time.Second):
			syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			<-p.ended
		}
	}
}

// freeAddr returns a loopback address that nobody listens on now.
func freeAddr() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0"
	}
	defer l.Close()
	return l.Addr().String()
}
