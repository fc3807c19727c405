package byzantine_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

// documents returns a file for each media type: real images if the standard library can write them, otherwise the first
// bytes of such a file and more text.
func documents(tb testing.TB) map[string][]byte {
	tb.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 3, 3))
	var asPNG, asJPEG bytes.Buffer
	require.NoError(tb, png.Encode(&asPNG, picture))
	require.NoError(tb, jpeg.Encode(&asJPEG, picture, nil))
	return map[string][]byte{
		"image/png":       asPNG.Bytes(),
		"image/jpeg":      asJPEG.Bytes(),
		"image/tiff":      []byte("II*\x00\x08\x00\x00\x00 and so on"),
		"image/heic":      []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
		"application/pdf": []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
	}
}

func TestNewDataURI(t *testing.T) {
	for mediaType, data := range documents(t) {
		d, err := byzantine.NewDataURI(mediaType, data)
		require.NoError(t, err)
		assert.Equal(t, mediaType, d.MediaType())
		assert.Equal(t, data, d.Bytes())
		assert.False(t, d.IsZero())
		text, err := d.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, "data:"+mediaType+";base64,"+base64.StdEncoding.EncodeToString(data), string(text))
		assert.Len(t, text, d.EncodedLen())
	}
}

// Each document is passed with each media type, and also cut short and with bytes in front of it.
func TestADocumentBeginsAsItsTypeSays(t *testing.T) {
	files := documents(t)
	for mediaType := range files {
		for actual, data := range files {
			_, err := byzantine.NewDataURI(mediaType, data)
			if mediaType == actual {
				require.NoError(t, err)
				continue
			}
			assert.EqualError(t, err, "byzantine: NewDataURI: the document is said to be "+mediaType+" and is "+actual)
		}
		for name, data := range map[string][]byte{
			"a greeting": []byte("hello"), "one byte": files[mediaType][:1], "three bytes": files[mediaType][:3][:2],
			"a page": []byte("<html><body>413</body></html>"), "zeros": make([]byte, 1<<20), "a GIF": []byte("GIF89a"),
			"a WebP": []byte("RIFF\x00\x00\x00\x00WEBP"), "a film": []byte("\x00\x00\x00\x18ftypmp42"), "a ZIP": []byte("PK\x03\x04"),
		} {
			_, err := byzantine.NewDataURI(mediaType, data)
			assert.EqualError(t, err, "byzantine: NewDataURI: the document is said to be "+mediaType+" and does not begin like one", name)
		}
		if mediaType != "application/pdf" {
			_, err := byzantine.NewDataURI(mediaType, append([]byte(" "), files[mediaType]...))
			assert.Error(t, err, "an image begins at once")
		}
	}
}

func TestNewDataURIRejects(t *testing.T) {
	files := documents(t)
	for _, tt := range []struct {
		name, mediaType string
		data            []byte
		want            string
	}{
		{"no media type", "", files["image/png"], "media type must be one of image/jpeg, image/png, image/heic, image/tiff, application/pdf"},
		{"another media type", "image/gif", []byte("GIF89a"), "media type must be one of"},
		{"a parameter", "image/png;charset=x", files["image/png"], "media type must be one of"},
		{"upper case", "IMAGE/PNG", files["image/png"], "media type must be one of"},
		{"nothing", "image/png", nil, "the document is empty"},
		{"a PDF as an image", "image/png", files["application/pdf"], "the document is said to be image/png and is application/pdf"},
		{"a photo as a PDF", "application/pdf", files["image/jpeg"], "the document is said to be application/pdf and is image/jpeg"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := byzantine.NewDataURI(tt.mediaType, tt.data)
			require.ErrorContains(t, err, tt.want)
			assert.Zero(t, d)
		})
	}
}

func TestReadDataURI(t *testing.T) {
	files := documents(t)
	bigEndianTIFF := []byte("MM\x00*\x00\x00\x00\x08")
	lateHeader := append(bytes.Repeat([]byte{'\n'}, 500), files["application/pdf"]...)
	for _, tt := range []struct {
		file string
		data []byte
		want string // the media type, or the text of the error
	}{
		{"scan.png", files["image/png"], "image/png"},
		{"scan.JPG", files["image/jpeg"], "image/jpeg"},
		{"scan.jpeg", files["image/jpeg"], "image/jpeg"},
		{"scan.tif", files["image/tiff"], "image/tiff"},
		{"scan.tiff", bigEndianTIFF, "image/tiff"},
		{"IMG_0001.HEIC", files["image/heic"], "image/heic"},
		{"IMG_0001.heif", []byte("\x00\x00\x00\x18ftypmif1"), "image/heic"},
		{"scan.pdf", files["application/pdf"], "application/pdf"},
		{"scan-with-junk.pdf", lateHeader, "application/pdf"},
		{"upload", files["image/png"], "image/png"},
		{"upload.bin", files["application/pdf"], "application/pdf"},
		{"wrong.pdf", files["image/png"], "the file is named like application/pdf and holds image/png"},
		{"letter.pdf", []byte("Dear Sir"), "the file's content is none of image/jpeg,"},
		{"empty.pdf", nil, "the file's content is none of"},
		{"clip.heic", []byte("\x00\x00\x00\x18ftypmp42"), "the file's content is none of"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.file)
			require.NoError(t, os.WriteFile(path, tt.data, 0o600))
			d, err := byzantine.ReadDataURI(path)
			if strings.Contains(tt.want, " ") {
				assert.ErrorContains(t, err, tt.want)
				assert.Zero(t, d)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, d.MediaType())
			assert.Equal(t, tt.data, d.Bytes())
		})
	}
	_, err := byzantine.ReadDataURI(filepath.Join(t.TempDir(), "none.pdf"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = byzantine.ReadDataURI(t.TempDir())
	assert.Error(t, err, "a folder")
}

func TestDataURIComesBackFromItsText(t *testing.T) {
	for mediaType, data := range documents(t) {
		for cut := range 3 { // so that each length of base64 padding occurs
			sent, err := byzantine.NewDataURI(mediaType, append(data, make([]byte, cut)...))
			require.NoError(t, err)
			text, err := json.Marshal(sent)
			require.NoError(t, err)
			var got byzantine.DataURI
			require.NoError(t, json.Unmarshal(text, &got))
			assert.Equal(t, sent.MediaType(), got.MediaType())
			assert.True(t, bytes.Equal(sent.Bytes(), got.Bytes()))
		}
	}
	text, err := json.Marshal(byzantine.DataURI{})
	require.NoError(t, err)
	assert.Equal(t, `""`, string(text))
	got, err := byzantine.NewDataURI("application/pdf", []byte("%PDF-"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &got))
	assert.True(t, got.IsZero())
}

func TestDataURIIsReadStrictly(t *testing.T) {
	require.NoError(t, new(byzantine.DataURI).UnmarshalText([]byte("data:application/pdf;base64,JVBERi0=")))
	for _, text := range []string{
		"application/pdf;base64,JVBERi0=", "data:application/pdf,%PDF-", "data:application/pdf;base64", "data:;base64,JVBERi0=",
		"Data:application/pdf;base64,JVBERi0=", "data:application/pdf;charset=utf-8;base64,JVBERi0=", "data:image/gif;base64,R0lGODlh",
		" data:application/pdf;base64,JVBERi0=", "data:application/pdf;base64,", "data:application/pdf;base64,JVBERi0",
		"data:application/pdf;base64,JVBERi0x=", "data:application/pdf;base64,JVBERi1=", "data:application/pdf;base64,JVBERi0=\n",
		"data:application/pdf;base64,JVBER\r\ni0=", "data:application/pdf;base64,JVBERi0t-_8=", "data:application/pdf;base64,JVBER i0=",
		"data:application/pdf;base64,/9j/", "data:image/heic;base64,eA==", "x",
	} {
		before, err := byzantine.NewDataURI("application/pdf", []byte("%PDF-1.7 before"))
		require.NoError(t, err)
		after := before
		assert.Error(t, after.UnmarshalText([]byte(text)), text)
		assert.Equal(t, before, after, "an error changes nothing")
	}
}

func TestDataURIShowsNothingOfTheDocument(t *testing.T) {
	const begin, content = "%PDF-1.7\n", "Jane Doe, passport 12AB34567"
	d, err := byzantine.NewDataURI("application/pdf", []byte(begin+content))
	require.NoError(t, err)
	var out strings.Builder
	holder := struct {
		Document byzantine.DataURI
		Pointer  *byzantine.DataURI
		List     []byzantine.DataURI
	}{d, &d, []byzantine.DataURI{d}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		for _, v := range []any{d, &d, holder, &holder, byzantine.UserVerificationDocument{Document: d}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("document", "document", d, "pointer", &d)
	}
	text := out.String()
	assert.Contains(t, text, "application/pdf, 37 bytes")
	for _, secret := range []string{
		content, content[:6], fmt.Sprintf("%x", content[:6]), fmt.Sprintf("%X", content[:6]),
		strings.Trim(fmt.Sprint([]byte(content[:6])), "[]"), base64.StdEncoding.EncodeToString([]byte(content[:6])),
	} {
		assert.NotContains(t, text, secret)
	}
	assert.Equal(t, "no document", byzantine.DataURI{}.String())
}

// roundTrip is a function as an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestADocumentCostsLittleMoreThanTheBodyThatItIsSentIn(t *testing.T) {
	key, err := byzantine.GenerateKey()
	require.NoError(t, err)
	var sent int64
	client, err := byzantine.NewClient(key, byzantine.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		n, err := io.Copy(io.Discard, r.Body)
		sent = n
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, err
	})}))
	require.NoError(t, err)
	data := append([]byte("%PDF-1.7\n"), make([]byte, 6<<20)...)
	call := func() {
		document, err := byzantine.NewDataURI("application/pdf", data)
		require.NoError(t, err)
		_, err = client.CreateIndividualAccount(context.Background(), &byzantine.CreateIndividualAccountRequest{
			UserInfo:               byzantine.UserInfo{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"},
			ByzantineTermsSignedAt: time.Now(),
			RootUsers:              []byzantine.RootUserParam{{FirstName: "Jane", LastName: "Doe", Email: "jane@example.com"}},
			VerificationDocuments: []byzantine.UserVerificationDocument{{
				DocumentType: byzantine.DocumentPassport, DocumentNumber: "12AB34567", IssuingCountry: "FRA", Document: document,
			}},
		})
		require.NoError(t, err)
	}
	call() // so that the caches of types are filled
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	require.Greater(t, sent, int64(8<<20))
	assert.LessOrEqual(t, float64(after.TotalAlloc-before.TotalAlloc), 1.25*float64(sent))
}

func FuzzDataURI(f *testing.F) {
	for _, s := range []string{
		"data:image/png;base64,iVBORw0KGgo=", "data:application/pdf;base64,JVBERi0xLjc=", "data:image/heic;base64,AAAAGGZ0eXBoZWlj", "data:image/tiff;base64,SUkqAA==", "data:image/tiff;base64,SUkqAB==", "data:,", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d byzantine.DataURI
		if d.UnmarshalText([]byte(s)) != nil {
			require.True(t, d.IsZero())
			return
		}
		text, err := d.MarshalText()
		require.NoError(t, err)
		require.Equal(t, s, string(text), "there is one text for a document")
		require.Len(t, text, d.EncodedLen())
	})
}
