package gcpkms_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"hash/crc32"
	"net"
	"sync"
	"testing"

	apiv1 "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const name = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/byzantine/cryptoKeyVersions/1"

// server is a fake of Cloud KMS with one key version, which implements Google's published service definition.
type server struct {
	kmspb.UnimplementedKeyManagementServiceServer
	key *ecdsa.PrivateKey

	mu        sync.Mutex
	algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm
	state     codes.Code // the code with which calls are rejected; none if it is OK
	onPublic  func(*kmspb.PublicKey)
	onSign    func(ctx context.Context, out *kmspb.AsymmetricSignResponse) error
	reads     int
	signs     int
}

func newServer(t testing.TB) (*server, *apiv1.KeyManagementClient) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	s := &server{key: key, algorithm: kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serving := grpc.NewServer()
	kmspb.RegisterKeyManagementServiceServer(serving, s)
	go func() { _ = serving.Serve(listener) }()
	t.Cleanup(serving.Stop)
	client, err := apiv1.NewKeyManagementClient(t.Context(), option.WithEndpoint(listener.Addr().String()), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return s, client
}

// set runs change, which may change the server between calls, under its lock.
func (s *server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *server) check(requested string) error {
	if s.state != codes.OK {
		return status.Error(s.state, "the server's own words")
	}
	if requested != name {
		return status.Error(codes.NotFound, "the server's own words")
	}
	return nil
}

func crc(data []byte) *wrapperspb.Int64Value {
	return wrapperspb.Int64(int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))))
}

func pemOf(public crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (s *server) GetPublicKey(_ context.Context, in *kmspb.GetPublicKeyRequest) (*kmspb.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if err := s.check(in.GetName()); err != nil {
		return nil, err
	}
	text := pemOf(s.key.Public())
	out := &kmspb.PublicKey{Name: name, Algorithm: s.algorithm, Pem: text, PemCrc32C: crc([]byte(text))}
	if s.onPublic != nil {
		s.onPublic(out)
	}
	return out, nil
}

func (s *server) AsymmetricSign(ctx context.Context, in *kmspb.AsymmetricSignRequest) (*kmspb.AsymmetricSignResponse, error) {
	s.mu.Lock()
	s.signs++
	onSign := s.onSign
	err := s.check(in.GetName())
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	digest := in.GetDigest().GetSha256()
	if len(digest) != 32 || in.GetDigestCrc32C().GetValue() != crc(digest).GetValue() {
		return nil, status.Error(codes.InvalidArgument, "the digest or its checksum is wrong")
	}
	der, err := s.key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	out := &kmspb.AsymmetricSignResponse{Name: name, Signature: der, SignatureCrc32C: crc(der), VerifiedDigestCrc32C: true}
	if onSign != nil {
		if err := onSign(ctx, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}
