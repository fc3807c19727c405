//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"
	"sync"

	p11 "github.com/miekg/pkcs11"
)

// library is a loaded and initialized PKCS #11 library. All Signers of the process share one for each path, because a
// process may initialize a library only once.
type library struct {
	*p11.Ctx
	path  string
	users int  // how many Signers and signatures in progress use it
	owned bool // this package has initialized the library and must finalize it
}

var (
	librariesMu sync.Mutex
	libraries   = map[string]*library{}
)

func openLibrary(path string) (*library, error) {
	librariesMu.Lock()
	defer librariesMu.Unlock()
	if l := libraries[path]; l != nil {
		l.users++
		return l, nil
	}
	ctx := p11.New(path)
	if ctx == nil {
		return nil, fmt.Errorf("%s cannot be loaded: it is not a PKCS #11 library for this machine, or a library that it needs is missing", path)
	}
	err := ctx.Initialize()
	switch {
	case err == nil, errors.Is(err, p11.Error(p11.CKR_CRYPTOKI_ALREADY_INITIALIZED)):
	default:
		ctx.Destroy()
		return nil, explain("C_Initialize", err)
	}
	l := &library{ctx, path, 1, err == nil}
	libraries[path] = l
	return l, nil
}

// retain adds a user to a library that is in use already.
func (l *library) retain() {
	librariesMu.Lock()
	defer librariesMu.Unlock()
	l.users++
}

// release removes a user. After the last one it finalizes and unloads the library.
func (l *library) release() {
	librariesMu.Lock()
	defer librariesMu.Unlock()
	if l.users--; l.users > 0 {
		return
	}
	delete(libraries, l.path)
	if l.owned {
		_ = l.Finalize() // the only possible error is that it is not initialized
	}
	l.Destroy()
}
