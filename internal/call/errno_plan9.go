package call

import "syscall"

// systemError is an error of the operating system.
type systemError = syscall.ErrorString
