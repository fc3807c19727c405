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
// It is an EC key pair on P-256 (secp256r1) with CKA_SIGN set, and both of its halves are on the token, with the same CKA_ID.
// The token needs the mechanism CKM_ECDSA. Byzantine's support has to register the public half, because the API's
// create_credential makes a key pair of its own, see docs/keys.md.
//
//	pkcs11-tool --module MODULE --token-label byzantine --login --keypairgen --key-type EC:prime256v1 --id 01 --label signing-key --usage-sign
//
// # The PIN
//
// A wrong PIN is tried once: after the token has rejected it, this Signer never logs in again, because tokens lock after a few
// attempts. For the same reason [New] does not log in if the token says that one wrong PIN is left. A service
// manager that restarts a program with a wrong PIN again and again still uses them up.
//
// # Sessions and failures
//
// A Signer opens sessions as callers need them, [WithMaxSessions] at most, and keeps them. When sessions are lost (the token was
// pulled out, the HSM or its network restarted), it finds the token again, logs in, checks that the key is the same, and
// signs; the caller sees none of it.
//
// A call into the library cannot be interrupted. When a caller's context ends, or after 30 seconds, SignDigest returns and
// the call goes on in a goroutine of its own, which occupies its session until the library returns.
//
// The library is initialized when the first Signer needs it and finalized with the last one, unless another part of the
// program has initialized it before.
package pkcs11
