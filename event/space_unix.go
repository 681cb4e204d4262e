//go:build linux || darwin || freebsd

package event

import "syscall"

// space returns the size of the file system that holds dir and what is free in it, in bytes.
func space(dir string) (size, free int64, err error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, 0, err
	}
	block := int64(fs.Bsize) //nolint:unconvert // its type is another one on other systems
	return int64(fs.Blocks) * block, int64(fs.Bavail) * block, nil
}
