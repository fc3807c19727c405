// A program of somebody who uses the signer for PKCS #11 tokens alone. Where cgo is off, the package is empty.
package main

import _ "github.com/byzantine-finance/byzantine-go/signers/pkcs11"

func main() {}
