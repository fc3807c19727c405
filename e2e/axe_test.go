package e2e

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// axeFile is the path at which npm ci in the folder browser installs axe-core.
const axeFile = "../browser/node_modules/axe-core/axe.min.js"

// violations reports a form element without a label.
func TestAxeFindsWhatIsWrong(t *testing.T) {
	if _, err := os.Stat(axeFile); err != nil && os.Getenv("CI") == "" {
		t.Skip("axe-core is not installed: run npm ci in the folder browser")
	}
	v := modulePage(t, startBrowser(t), platform())
	require.Empty(t, v.violations(t))
	eval[any](v.tab, `document.querySelector("main").append(document.createElement("input"))`)
	require.Len(t, v.violations(t), 1)
	require.Contains(t, v.violations(t)[0], "label: Form elements must have labels")
}
