//go:build !plan9

package call

import "syscall"

// systemError is an error of the operating system. Its text comes from a table and quotes nothing.
type systemError = syscall.Errno
