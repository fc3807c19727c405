//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"

	p11 "github.com/miekg/pkcs11"
)

// tokenKey is the private key with the handle that it has in one session, and its public key.
type tokenKey struct {
	handle             p11.ObjectHandle
	public             *ecdsa.PublicKey
	alwaysAuthenticate bool // each signature needs the PIN
}

// readKey finds the private key of the config. It is an error if there is none or more than one, or if the key may not
// sign or is not on P-256.
func (t *token) readKey(session p11.SessionHandle) (*tokenKey, error) {
	template := []*p11.Attribute{p11.NewAttribute(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY)}
	if t.config.keyLabel != "" {
		template = append(template, p11.NewAttribute(p11.CKA_LABEL, t.config.keyLabel))
	}
	if len(t.config.keyID) > 0 {
		template = append(template, p11.NewAttribute(p11.CKA_ID, t.config.keyID))
	}
	found, err := t.objects(session, template)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fmt.Errorf("the token has no private key with the %s", t.config.key())
	case len(found) > 1:
		return nil, fmt.Errorf("more than one private key has the %s: use both WithKeyLabel and WithKeyID, or give each key an id of its own", t.config.key())
	}
	key := &tokenKey{handle: found[0]}
	if !t.is(session, key.handle, p11.NewAttribute(p11.CKA_KEY_TYPE, p11.CKK_EC)) {
		return nil, fmt.Errorf("the key with the %s is not an EC key: make one with --key-type EC:prime256v1", t.config.key())
	}
	if !t.is(session, key.handle, p11.NewAttribute(p11.CKA_SIGN, true)) {
		return nil, fmt.Errorf("the key with the %s may not sign: its attribute CKA_SIGN is false", t.config.key())
	}
	key.alwaysAuthenticate = t.is(session, key.handle, p11.NewAttribute(p11.CKA_ALWAYS_AUTHENTICATE, true))
	key.public, err = t.publicKey(session, key.handle)
	return key, err
}

// publicKey returns the public key of a private key. It reads the point from the public key object with the same CKA_ID
// (or the same label, if there is no id), or else from the private key, where some tokens have it.
func (t *token) publicKey(session p11.SessionHandle, private p11.ObjectHandle) (*ecdsa.PublicKey, error) {
	holders := []p11.ObjectHandle{private}
	template := []*p11.Attribute{p11.NewAttribute(p11.CKA_CLASS, p11.CKO_PUBLIC_KEY)}
	if id := t.attribute(session, private, p11.CKA_ID); len(id) > 0 {
		template = append(template, p11.NewAttribute(p11.CKA_ID, id))
	} else {
		template = append(template, p11.NewAttribute(p11.CKA_LABEL, t.config.keyLabel))
	}
	found, err := t.objects(session, template)
	if err != nil {
		return nil, err
	}
	for _, holder := range append(found, holders...) {
		if point := t.attribute(session, holder, p11.CKA_EC_POINT); len(point) > 0 {
			return parsePoint(t.attribute(session, holder, p11.CKA_EC_PARAMS), point)
		}
	}
	return nil, fmt.Errorf("the token has no public key with the id of the private key with the %s: write it there as an object, with the same id", t.config.key())
}

var oidP256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}

// parsePoint reads CKA_EC_PARAMS and CKA_EC_POINT. The point may be in a DER OCTET STRING, as the standard requires, or
// without it, as some tokens have it.
func parsePoint(params, point []byte) (*ecdsa.PublicKey, error) {
	var curve asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(params, &curve); err == nil && !curve.Equal(oidP256) {
		return nil, fmt.Errorf("the key is on the curve with the OID %s; P-256 is needed (%s, prime256v1)", curve, oidP256)
	}
	var wrapped []byte
	if rest, err := asn1.Unmarshal(point, &wrapped); err == nil && len(rest) == 0 {
		point = wrapped
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, errors.New("the public key is not a point of the curve P-256")
	}
	return public, nil
}

// objects returns the objects that fit a template, two at most: that is enough to see that there is more than one.
func (t *token) objects(session p11.SessionHandle, template []*p11.Attribute) ([]p11.ObjectHandle, error) {
	if err := t.library.FindObjectsInit(session, template); err != nil {
		return nil, explain("C_FindObjectsInit", err)
	}
	found, _, err := t.library.FindObjects(session, 2)
	if final := t.library.FindObjectsFinal(session); err == nil {
		err = final
	}
	if err != nil {
		return nil, explain("C_FindObjects", err)
	}
	return found, nil
}

// attribute returns the value of an attribute of an object, nil if the object does not have it or does not show it.
func (t *token) attribute(session p11.SessionHandle, object p11.ObjectHandle, kind uint) []byte {
	got, err := t.library.GetAttributeValue(session, object, []*p11.Attribute{p11.NewAttribute(kind, nil)})
	if err != nil || len(got) != 1 {
		return nil
	}
	return got[0].Value
}

func (t *token) is(session p11.SessionHandle, object p11.ObjectHandle, want *p11.Attribute) bool {
	return bytes.Equal(t.attribute(session, object, want.Type), want.Value)
}
