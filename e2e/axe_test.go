package e2e

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axeFile is where npm ci in the folder browser puts axe-core.
const axeFile = "../browser/node_modules/axe-core/axe.min.js"

// violations are what axe finds wrong with the page as it is: the rule, its help and the elements. Without the file
// nothing is found, except in CI: there it has to be installed.
func (p *tab) violations(t *testing.T) []string {
	t.Helper()
	axe, err := os.ReadFile(axeFile)
	if os.IsNotExist(err) {
		require.Empty(t, os.Getenv("CI"), "axe-core is not installed: run npm ci in the folder browser")
		t.Log("without axe-core: run npm ci in the folder browser")
		return nil
	}
	require.NoError(t, err)
	_, err = chromedp.Run(p.ctx, chromedp.Evaluate[json.RawMessage](string(axe)+"; null"))
	require.NoError(t, err)
	return eval[[]string](p, `
		const { violations, passes } = await axe.run(document, { resultTypes: ["violations", "passes"] });
		if (!passes.length) return ["axe has checked nothing"];
		return violations.map(({ id, help, nodes }) => id + ": " + help + ": " + nodes.map(({ html }) => html).join(" | "));`)
}

// The check finds what is wrong.
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
