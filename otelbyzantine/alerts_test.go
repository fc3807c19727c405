package otelbyzantine_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const alertsFile = "../docs/alerts.yml"

// alertNames returns the names of the alerts in docs/alerts.yml.
func alertNames(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile(alertsFile)
	require.NoError(t, err)
	for _, match := range regexp.MustCompile(`(?m)^\s*- alert: (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, match[1])
	}
	require.NotEmpty(t, names)
	return names
}

// promtool runs Prometheus's command promtool and returns its output. It skips the test if promtool is not installed.
func promtool(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	program, missing := exec.LookPath("promtool")
	if missing != nil {
		if os.Getenv("BYZANTINE_REQUIRE_PROGRAMS") != "" {
			require.NoError(t, missing)
		}
		t.Skip("promtool is not installed (set BYZANTINE_REQUIRE_PROGRAMS=1 to fail instead)")
	}
	text, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	return string(text), err
}

func TestPromtoolChecksTheAlerts(t *testing.T) {
	output, err := promtool(t, "check", "rules", alertsFile)
	assert.NoError(t, err, output)
}

// series has the values of the time series in several scrapes, by the name of the series with its labels. "_" means
// that the scrape has no value.
type series map[string][]string

// add adds the byzantine_ samples of the scrape with the given number, which counts from 0. A series without a sample
// in an earlier scrape gets "_" for it.
func (s series) add(scrape string, number int) {
	for line := range strings.Lines(scrape) {
		if at := strings.LastIndexByte(line, ' '); at > 0 && strings.HasPrefix(line, "byzantine_") {
			name := line[:at]
			for len(s[name]) < number {
				s[name] = append(s[name], "_")
			}
			s[name] = append(s[name], strings.TrimSpace(line[at:]))
		}
	}
}

// unitTest returns an input for promtool: the scrapes are ten minutes apart, and at each time in firing exactly the
// given alerts fire.
func (s series) unitTest(rules string, firing map[time.Duration][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "rule_files: [%q]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n", rules)
	for _, name := range slices.Sorted(maps.Keys(s)) {
		var values []string
		for _, v := range s[name] {
			if v == "_" {
				values = append(values, "_x10")
			} else {
				values = append(values, v+"+0x9")
			}
		}
		fmt.Fprintf(&b, "      - {series: '%s', values: '%s'}\n", name, strings.Join(values, " "))
	}
	b.WriteString("    promql_expr_test:\n")
	for at, names := range firing {
		fmt.Fprintf(&b, "      - expr: count by (alertname) (ALERTS{alertstate=\"firing\"}) > bool 0\n        eval_time: %s\n        exp_samples:\n", at)
		for _, name := range names {
			fmt.Fprintf(&b, "          - {labels: '{alertname=\"%s\"}', value: 1}\n", name)
		}
	}
	return b.String()
}

// On the data that Prometheus would have scraped, no alert fires while everything succeeds, and all alerts fire after
// enough failures.
func TestAlertsFireOnDataOfARealRun(t *testing.T) {
	x := newTelemetry(t)
	w := newWorld(t, x)
	data := series{}
	for i := range 2 {
		w.healthy()
		data.add(x.scrape(t), i)
	}
	for i := range 3 {
		w.troubled()
		x.ahead.Add(int64(20 * time.Minute)) // so long ago did the last complete pass end
		data.add(x.scrape(t), 2+i)
	}
	rules, err := filepath.Abs(alertsFile)
	require.NoError(t, err)
	input := data.unitTest(rules, map[time.Duration][]string{19 * time.Minute: nil, 49 * time.Minute: alertNames(t)})
	file := filepath.Join(t.TempDir(), "test.yml")
	require.NoError(t, os.WriteFile(file, []byte(input), 0o600))
	output, err := promtool(t, "test", "rules", file)
	if !assert.NoError(t, err) {
		t.Log(output[:min(len(output), 4000)])
	}

	// The check can fail: with the scrapes before the failures only, the alerts do not fire.
	quiet := series{}
	for name, values := range data {
		quiet[name] = values[:min(2, len(values))]
	}
	input = quiet.unitTest(rules, map[time.Duration][]string{19 * time.Minute: alertNames(t)})
	require.NoError(t, os.WriteFile(file, []byte(input), 0o600))
	output, err = promtool(t, "test", "rules", file)
	assert.Error(t, err, "%s", output)
}
