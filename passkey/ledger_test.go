package passkey

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/byzantine-finance/byzantine-go"
)

func TestTheLedgerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := ledger{limit: 100}
		client, other := new(byzantine.Client), new(byzantine.Client)
		for i := range 100 {
			_, err := l.begin(client, fmt.Sprint("a", i))
			require.NoError(t, err)
		}
		_, err := l.begin(client, "a7")
		require.ErrorIs(t, err, ErrSubmitted)
		_, err = l.begin(client, "one more")
		require.ErrorIs(t, err, ErrState, "a full ledger forgets none that may be alive")

		time.Sleep(draftLifetime)
		_, err = l.begin(client, "one more")
		require.ErrorIs(t, err, ErrState)
		time.Sleep(time.Nanosecond)
		end, err := l.begin(other, "a7")
		require.NoError(t, err, "the others are too old to matter")
		assert.Len(t, l.until, 1)
		_, err = l.begin(client, "a7")
		require.NoError(t, err, "another client's transaction")

		end(true)
		_, err = l.begin(other, "a7")
		require.ErrorIs(t, err, ErrSubmitted)
		end(false)
		_, err = l.begin(other, "a7")
		require.NoError(t, err)
	})
}

func TestTheLedgerForgetsWhileItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := ledger{limit: 1000}
		for i := range 1000 {
			_, err := l.begin(nil, fmt.Sprint(i))
			require.NoError(t, err)
			time.Sleep(10 * time.Second)
			require.LessOrEqual(t, len(l.until), int((draftLifetime+time.Minute)/(10*time.Second))+2)
		}
	})
}
