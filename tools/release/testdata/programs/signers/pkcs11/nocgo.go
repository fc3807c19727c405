//go:build !cgo

// Without a C compiler the signer's module can be fetched and built, and its package is empty.
package main

import _ "github.com/byzantine-finance/byzantine-go/signers/pkcs11"

func main() {}
