package call

import "syscall"

// systemError is an error of the operating system, which is a text on Plan 9.
type systemError = syscall.ErrorString
