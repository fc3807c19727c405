package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/passkey"
)

var passkeyInspectCommand = command{
	name:    "passkey inspect",
	args:    "FILE [-json]",
	summary: "show what is in a browser's registration response",
	help: `
Reads what navigator.credentials.create returned, as JSON (RegistrationResponseJSON), and prints what is in it. A
response that is not well formed, or whose key the API does not take, is rejected with the reason.

It verifies nothing about where the response comes from: neither challenge nor origin, neither relying party nor
attestation.

  byzantine passkey inspect response.json
  pbpaste | byzantine passkey inspect -
`,
	prepare: func(flags *flag.FlagSet) action {
		asJSON := flags.Bool("json", false, "print a JSON object")
		return func(_ context.Context, p *process, args []string) error {
			if len(args) != 1 {
				return usagef("takes the name of a file, or - for standard input")
			}
			response, err := readInput(p, args[0])
			if err != nil {
				return err
			}
			credential, err := passkey.ParseUnverified(response, "inspected")
			if err != nil {
				return err
			}
			client, err := clientDataOf(credential)
			if err != nil {
				return err
			}
			if *asJSON {
				text, err := json.Marshal(inspectedJSON{
					credential.ID, client.Origin, credential.Authenticator.Challenge, credential.Transports, fmt.Sprint(credential.AAGUID),
					base64.RawURLEncoding.EncodeToString(credential.PublicKey), credential.UserVerified, credential.BackupEligible,
					credential.BackedUp, uint64(credential.SignCount), credential.Authenticator,
				})
				if err != nil {
					return err
				}
				return printJSON(p.stdout, text)
			}
			table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintf(table, "credential id\t%s\n", credential.ID)
			fmt.Fprintf(table, "origin\t%s\n", strconv.Quote(client.Origin))
			fmt.Fprintf(table, "challenge\t%s\n", credential.Authenticator.Challenge)
			fmt.Fprintf(table, "transports\t%s\n", strings.Join(quoteAll(credential.Transports), ", "))
			fmt.Fprintf(table, "AAGUID\t%s\n", credential.AAGUID)
			fmt.Fprintf(table, "public key (COSE)\t%s\n", base64.RawURLEncoding.EncodeToString(credential.PublicKey))
			fmt.Fprintf(table, "user verified\t%t\n", credential.UserVerified)
			fmt.Fprintf(table, "backup eligible\t%t\n", credential.BackupEligible)
			fmt.Fprintf(table, "backed up\t%t\n", credential.BackedUp)
			fmt.Fprintf(table, "signature count\t%d\n", credential.SignCount)
			return table.Flush()
		}
	},
}

// inspectedJSON is a passkey for programs. Bytes are unpadded base64url.
type inspectedJSON struct {
	ID             string                       `json:"credentialId"`
	Origin         string                       `json:"origin"`
	Challenge      string                       `json:"challenge"`
	Transports     []string                     `json:"transports"`
	AAGUID         string                       `json:"aaguid"`
	PublicKey      string                       `json:"publicKey"` // COSE_Key
	UserVerified   bool                         `json:"userVerified"`
	BackupEligible bool                         `json:"backupEligible"`
	BackedUp       bool                         `json:"backedUp"`
	SignCount      uint64                       `json:"signCount"`
	Authenticator  byzantine.AuthenticatorParam `json:"authenticator"` // as create_authenticators_otp takes it
}

// clientData are the fields of clientDataJSON (W3C WebAuthn, section 5.8.1) that a Credential leaves out.
type clientData struct {
	Origin string `json:"origin"`
}

func clientDataOf(c *passkey.Credential) (*clientData, error) {
	text, err := base64.RawURLEncoding.DecodeString(c.Authenticator.Attestation.ClientDataJSON)
	if err != nil {
		return nil, err
	}
	data := new(clientData)
	return data, json.Unmarshal(text, data)
}

// quoteAll returns each word as a Go string literal. The words come from a web page, so they may hold control characters
// or text that looks like other output.
func quoteAll(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	return quoted
}
