// Package pkcs11 signs requests with a key on a PKCS #11 token: a hardware security module, a smart card, or SoftHSM. It is a
// module of its own, so that only those who use it depend on a PKCS #11 binding.
//
//	signer, err := pkcs11.New(ctx, "/usr/lib/softhsm/libsofthsm2.so", // the library of the token's maker
//		pkcs11.WithTokenLabel("byzantine"),
//		pkcs11.WithPIN(byzantine.NewSecret(pin)),
//		pkcs11.WithKeyLabel("signing-key"),
//	)
//	...
//	defer signer.Close()
//	client, err := byzantine.NewClient(signer)
//
// The package calls C code, so it is empty where cgo is off (CGO_ENABLED=0), as in most cross builds.
//
// # The key
//
// The key must be an EC key pair on P-256 (secp256r1) with CKA_SIGN set. Its private and public key must both be on the
// token, with the same CKA_ID. The token needs the mechanism CKM_ECDSA. Byzantine's support has to register the public
// key, because the API's create_credential generates a key pair itself, see docs/keys.md.
//
//	pkcs11-tool --module MODULE --token-label byzantine --login --keypairgen --key-type EC:prime256v1 --id 01 --label signing-key --usage-sign
//
// # The PIN
//
// A wrong PIN is tried once: after the token has rejected it, this Signer never logs in again, because tokens lock
// after a few attempts. For the same reason [New] does not log in if the token says that one attempt is left. But each
// restart of a program makes a new Signer, so a service manager that restarts a program with a wrong PIN again and again
// uses up the attempts.
//
// # Sessions and failures
//
// A Signer opens sessions as callers need them, [WithMaxSessions] at most, and keeps them. When sessions are lost (the
// token was pulled out, the HSM or its network restarted), it finds the token again, logs in, checks that the key is
// the same, and signs; the caller gets the signature without an error.
//
// A call into the library cannot be interrupted. When a caller's context ends, or after 30 seconds, SignDigest returns,
// and the call continues in a goroutine, which occupies its session until the library returns.
//
// The library is initialized for the first Signer and finalized after the last one, unless other code in the process
// has initialized it before.
package pkcs11
