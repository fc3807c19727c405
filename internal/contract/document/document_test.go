package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go/internal/contract"
	"github.com/byzantine-finance/byzantine-go/internal/contract/document"
)

func TestDocumentIsReadable(t *testing.T) {
	_, err := contract.Parse(document.JSON)
	require.NoError(t, err)
}
