package blackbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// volume is a small file system of its own, which can be full.
type volume struct {
	t   *testing.T
	dir string
}

// newVolume mounts a tmpfs of so many MiB until the test ends. Without the right to mount
// it asks sudo, as install-test-deps.sh does.
func newVolume(t *testing.T, mib int) *volume {
	t.Helper()
	v := &volume{t: t, dir: filepath.Join(proc.Dir(t), "volume")}
	if err := os.Mkdir(v.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	v.root("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=0700,uid=%d,gid=%d", mib, os.Getuid(), os.Getgid()), "tmpfs", v.dir)
	t.Cleanup(func() { v.root("umount", "-l", v.dir) })
	return v
}

func (v *volume) root(args ...string) {
	v.t.Helper()
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		v.t.Fatalf("%v: %v: %s (mounting a small disk needs root, or sudo without a password)", args, err, out)
	}
}

func (v *volume) ballast() string { return filepath.Join(v.dir, "ballast") }

// fill leaves no byte free.
func (v *volume) fill() {
	v.t.Helper()
	f, err := os.OpenFile(v.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			v.t.Fatal(err)
		}
	}
}

// free gives the room back.
func (v *volume) free() {
	v.t.Helper()
	if err := os.Remove(v.ballast()); err != nil {
		v.t.Fatal(err)
	}
}
