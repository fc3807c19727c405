package byzantine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/byzantinetest"
)

// writeKeyFile writes a key to a new file, or in place of what it held.
func writeKeyFile(path string, key *byzantine.PrivateKey) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(key.SecretHex())
	return errors.Join(err, file.Sync(), file.Close())
}

// The key is changed while the client is used, and the old one is deleted when no program uses it any more.
func ExampleRotateCredential() {
	sandbox := byzantinetest.NewServer()
	defer sandbox.Close()
	folder, err := os.MkdirTemp("", "key")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	baseURL, path := sandbox.URL, filepath.Join(folder, "key")
	if err := writeKeyFile(path, sandbox.Key()); err != nil {
		log.Fatal(err)
	}

	key, err := byzantine.ReadKeyFile(path) // or ParsePrivateKey
	if err != nil {
		log.Fatal(err)
	}
	rotation := byzantine.NewRotation(key)
	client, err := byzantine.NewClient(rotation, byzantine.WithBaseURL(baseURL))
	if err != nil {
		log.Fatal(err)
	}
	watch := &byzantine.KeyFile{Path: path, Rotation: rotation} // takes the key that another replica has put there
	go watch.Run(ctx)

	old, err := byzantine.RotateCredential(ctx, client, rotation, func(_ context.Context, key *byzantine.PrivateKey) error {
		return writeKeyFile(path+".new", key) // not to the file that is watched: the key is not proved yet
	})
	if err != nil {
		log.Fatal(err) // says which credentials are left, and what to do
	}
	if err := os.Rename(path+".new", path); err != nil { // the replicas take the key from there
		log.Fatal(err)
	}
	fmt.Println("replaced:", old == key.PublicKeyHex())

	// When all replicas have the new key:
	fmt.Println(byzantine.RetireCredential(ctx, client, old))
	// Output:
	// replaced: true
	// <nil>
}
