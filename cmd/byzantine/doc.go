// Byzantine is a command line for the Byzantine integrator API.
//
//	byzantine sandbox                          serve the whole API on this machine
//	byzantine ctl [ROUTE] [name=value ...]     drive a running sandbox
//	byzantine call OPERATION [name=value ...]  call an operation and print its response
//	byzantine whoami                           ask whose key this is and what it may do
//	byzantine operations [OPERATION]           list operations, or the fields of a request
//	byzantine sign METHOD PATH                 print the signature headers of a request, for curl
//	byzantine keygen, byzantine pubkey         make a key, print its public key
//	byzantine rotate -out FILE                 create a new key in place of the current one
//	byzantine retire PUBKEY                    delete a credential that is no longer used
//	byzantine passkey inspect FILE             show the content of a browser's registration response
//	byzantine webhook verify FILE              verify a stored webhook delivery
//	byzantine listen -forward-to URL           receive webhooks, verify and forward them
//	byzantine trigger EVENT                    let a running sandbox cause an event and send its webhook
//	byzantine version
//
// "byzantine help COMMAND" describes a command and has examples. A first session needs two terminals:
//
//	$ byzantine sandbox
//	export BYZANTINE_BASE_URL=http://127.0.0.1:8787
//	export BYZANTINE_PRIVATE_KEY=0x...
//	...
//
//	$ # paste the two lines, and then
//	$ byzantine whoami
//	$ byzantine call get_customers
//	$ byzantine call init_otp accountId=... userId=...   # the code is on http://127.0.0.1:8787/_sandbox/
//
// # Keys
//
// The private key comes from BYZANTINE_PRIVATE_KEY (or INTEGRATOR_PRIVATE_KEY), from a file that BYZANTINE_PRIVATE_KEY_FILE
// names, or from one with -key; never from an argument, because every user of the machine can read arguments. The key is
// hexadecimal or PEM. No command prints a private key, except keygen without -out, sandbox, which prints the key that it
// makes itself, and call create_credential, because the response contains the new key.
//
// # Host
//
// The host comes from BYZANTINE_BASE_URL or -base-url. Without them it is Byzantine's sandbox. Production, which moves real
// funds, must be named.
//
// # Exit status
//
//	0  success
//	1  failed: an error response, no response to a GET, a check that failed
//	2  wrong usage, or a request that the API cannot accept: nothing was sent
//	3  the request was sent, and its outcome is unknown: check before you retry
package main
