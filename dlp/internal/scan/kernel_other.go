//go:build !amd64

package scan

// kernels returns the kernels that this machine can run, best first.
func kernels() []namedKernel { return []namedKernel{portable} }
