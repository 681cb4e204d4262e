package event

import "golang.org/x/sys/windows"

// space returns the size of the file system that holds dir and what is free in it, in bytes.
func space(dir string) (size, free int64, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, err
	}
	var left, all uint64
	err = windows.GetDiskFreeSpaceEx(name, &left, &all, nil)
	return int64(all), int64(left), err
}
