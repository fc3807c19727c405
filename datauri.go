package byzantine

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/byzantine-finance/byzantine-go/internal/wire"
)

// The media types that the API takes for documents.
const (
	mediaJPEG = "image/jpeg"
	mediaPNG  = "image/png"
	mediaHEIC = "image/heic"
	mediaTIFF = "image/tiff"
	mediaPDF  = "application/pdf"
)

var (
	mediaTypes = []string{mediaJPEG, mediaPNG, mediaHEIC, mediaTIFF, mediaPDF}

	errMediaType = invalidValue(DataURI{}, "media type must be one of "+strings.Join(mediaTypes, ", "))
)

// DataURI is a verification document: a scan, a photo or a PDF. On the wire it is a data URI (RFC 2397), data:<media
// type>;base64,<data>. Make one with [NewDataURI] or [ReadDataURI]. The API's size limit is not documented.
//
// Documents are personal data: package fmt (but for %w, which is for errors) and log/slog show only the type and size
// of a DataURI that is passed to them. Do not log a value that holds one: encoding/json writes the whole document, and
// so does package fmt if the field is unexported.
type DataURI struct {
	mediaType string
	data      []byte
}

// NewDataURI returns a document of one of the media types image/jpeg, image/png, image/heic, image/tiff and
// application/pdf. data must begin as a document of that type does; Byzantine would reject anything else, after 30 to
// 90 seconds. data are not copied, as they may be many MiB: do not change them while the document is in use.
func NewDataURI(mediaType string, data []byte) (DataURI, error) {
	d := DataURI{mediaType, data}
	if err := d.Validate(); err != nil {
		return DataURI{}, fmt.Errorf("byzantine: NewDataURI: %s", wire.Reason(err))
	}
	return d, nil
}

// ReadDataURI reads a document from a file. Its content tells the media type; a file name that says otherwise (".jpg",
// ".jpeg", ".png", ".heic", ".heif", ".tif", ".tiff", ".pdf") is an error, because one of the two is a mistake.
func ReadDataURI(path string) (DataURI, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return DataURI{}, fmt.Errorf("byzantine: ReadDataURI: %w", err)
	}
	mediaType := sniff(data)
	if mediaType == "" {
		return DataURI{}, fmt.Errorf("byzantine: ReadDataURI: the file's content is none of %s", strings.Join(mediaTypes, ", "))
	}
	if named := mediaTypeOfName(path); named != "" && named != mediaType {
		return DataURI{}, fmt.Errorf("byzantine: ReadDataURI: the file is named like %s and holds %s", named, mediaType)
	}
	return DataURI{mediaType, data}, nil
}

// MediaType returns the media type, such as "application/pdf".
func (d DataURI) MediaType() string { return d.mediaType }

// Bytes returns the document itself, not a copy: do not change it.
func (d DataURI) Bytes() []byte { return d.data }

// IsZero reports whether there is no document.
func (d DataURI) IsZero() bool { return d.mediaType == "" && len(d.data) == 0 }

// Validate rejects what [NewDataURI] rejects.
func (d DataURI) Validate() error {
	switch actual := sniff(d.data); {
	case !slices.Contains(mediaTypes, d.mediaType):
		return errMediaType
	case len(d.data) == 0:
		return invalidValue(d, "the document is empty")
	case actual == "":
		return invalidValue(d, fmt.Sprintf("the document is said to be %s and does not begin like one", d.mediaType))
	case actual != d.mediaType:
		return invalidValue(d, fmt.Sprintf("the document is said to be %s and is %s", d.mediaType, actual))
	}
	return nil
}

const (
	dataScheme   = "data:"
	base64Marker = ";base64,"
)

// EncodedLen returns the length of the data URI in bytes.
func (d DataURI) EncodedLen() int {
	if d.IsZero() {
		return 0
	}
	return len(dataScheme) + len(d.mediaType) + len(base64Marker) + base64.StdEncoding.EncodedLen(len(d.data))
}

// AppendText appends the data URI to b, or nothing for the zero DataURI. The error is always nil.
func (d DataURI) AppendText(b []byte) ([]byte, error) {
	if d.IsZero() {
		return b, nil
	}
	b = slices.Grow(b, d.EncodedLen())
	b = append(b, dataScheme...)
	b = append(b, d.mediaType...)
	b = append(b, base64Marker...)
	return base64.StdEncoding.AppendEncode(b, d.data), nil
}

// MarshalText returns the data URI, or an empty text for the zero DataURI.
func (d DataURI) MarshalText() ([]byte, error) {
	return d.AppendText(nil)
}

// UnmarshalText reads a data URI exactly as [DataURI.MarshalText] writes it: no parameters but base64, one of the five
// media types, padded base64 without line breaks.
func (d *DataURI) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = DataURI{}
		return nil
	}
	rest, isData := bytes.CutPrefix(text, []byte(dataScheme))
	mediaType, encoded, isBase64 := bytes.Cut(rest, []byte(base64Marker))
	if !isData || !isBase64 {
		return invalidValue(*d, "must be of the form data:<media type>;base64,<data>")
	}
	// The decoder would skip line breaks.
	data, err := base64.StdEncoding.Strict().AppendDecode(nil, encoded)
	if err != nil || bytes.ContainsAny(encoded, "\r\n") {
		return invalidValue(*d, "the document must be padded base64 without line breaks")
	}
	read := DataURI{string(mediaType), data}
	if err := read.Validate(); err != nil {
		return err
	}
	*d = read
	return nil
}

// String describes the document without showing any of it: "image/png, 52113 bytes".
func (d DataURI) String() string {
	if d.IsZero() {
		return "no document"
	}
	return fmt.Sprintf("%s, %d bytes", d.mediaType, len(d.data))
}

// Format writes [DataURI.String] for every verb.
func (d DataURI) Format(state fmt.State, _ rune) { fmt.Fprint(state, d.String()) }

// LogValue is [DataURI.String].
func (d DataURI) LogValue() slog.Value { return slog.StringValue(d.String()) }

// sniff returns the media type that the first bytes of a document show, or "" if they show none of the five.
func sniff(data []byte) string {
	begins := func(offset int, signatures ...string) bool {
		return len(data) >= offset && slices.ContainsFunc(signatures, func(s string) bool {
			return bytes.HasPrefix(data[offset:], []byte(s))
		})
	}
	switch {
	case begins(0, "\xff\xd8\xff"):
		return mediaJPEG
	case begins(0, "\x89PNG\r\n\x1a\n"):
		return mediaPNG
	case begins(0, "II*\x00", "MM\x00*", "II+\x00", "MM\x00+"): // the second two are BigTIFF
		return mediaTIFF
	// An ISO base media file whose major brand is one of ISO/IEC 23008-12's.
	case begins(4, "ftypheic", "ftypheix", "ftypheim", "ftypheis", "ftyphevc", "ftyphevx", "ftypmif1", "ftypmsf1"):
		return mediaHEIC
	// Readers look for the header in the first KiB, since writers put all sorts of things before it.
	case bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")):
		return mediaPDF
	}
	return ""
}

func mediaTypeOfName(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jpg", ".jpeg":
		return mediaJPEG
	case ".png":
		return mediaPNG
	case ".heic", ".heif":
		return mediaHEIC
	case ".tif", ".tiff":
		return mediaTIFF
	case ".pdf":
		return mediaPDF
	}
	return ""
}
