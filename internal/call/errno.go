//go:build !plan9

package call

import "syscall"

// systemError is an error number of the operating system. Its text comes from a fixed table, so it holds nothing of the
// request.
type systemError = syscall.Errno
