package byzantinetest

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/byzantine-finance/byzantine-go"
	"github.com/byzantine-finance/byzantine-go/internal/fake"
)

// deliveryLine is a webhook delivery in a list.
type deliveryLine struct {
	byzantine.WebhookDelivery
	EventType byzantine.EventType
	URL       string
	Last      *byzantine.WebhookDeliveryAttempt // nil before the first
}

func (w *world) deliveryLine(d *delivery) deliveryLine {
	line := deliveryLine{WebhookDelivery: d.WebhookDelivery, EventType: d.event.Type, URL: d.subscription.URL}
	if n := len(d.attempts); n > 0 {
		line.Last = &d.attempts[n-1] // attempts are added, never changed
	}
	return line
}

// Retriable says whether somebody can ask for another attempt while the subscription is enabled.
func (d deliveryLine) Retriable() bool { return d.Status == byzantine.WebhookDeliveryFailed }

// subscriptionView is an endpoint with the number of its deliveries.
type subscriptionView struct {
	byzantine.WebhookSubscription
	PublicKey string
	Counts    map[byzantine.WebhookDeliveryStatus]int
}

// deliveryStatuses are in the order in which a delivery goes through them.
var deliveryStatuses = []byzantine.WebhookDeliveryStatus{
	byzantine.WebhookDeliveryPending, byzantine.WebhookDeliverySending, byzantine.WebhookDeliverySucceeded,
	byzantine.WebhookDeliveryFailed, byzantine.WebhookDeliveryTerminalFailed,
}

// webhooksView is the page of the webhooks.
type webhooksView struct {
	Subscriptions  []subscriptionView
	Deliveries     shown[deliveryLine]
	Statuses       []byzantine.WebhookDeliveryStatus
	Status         byzantine.WebhookDeliveryStatus // the filters
	SubscriptionID string
	Held           int
	Due            int // that can be sent now
}

func (s *Sandbox) webhooksPage(r *http.Request) (string, any, error) {
	query := r.URL.Query()
	view := &webhooksView{
		Statuses: deliveryStatuses, Status: byzantine.WebhookDeliveryStatus(query.Get("status")), SubscriptionID: query.Get("subscription"),
	}
	s.inspect(func(w *world) {
		counts := map[string]map[byzantine.WebhookDeliveryStatus]int{}
		for _, sub := range w.subscriptions {
			counts[sub.ID] = map[byzantine.WebhookDeliveryStatus]int{}
			view.Subscriptions = append(view.Subscriptions, subscriptionView{sub.WebhookSubscription, sub.key.PublicKeyHex(), counts[sub.ID]})
		}
		now := w.clock.now()
		var matching []*delivery
		for _, d := range w.deliveries.all {
			if count := counts[d.SubscriptionID]; count != nil {
				count[d.Status]++
			}
			if d.NextAttemptAt != nil && !d.NextAttemptAt.After(now) {
				view.Due++
			}
			if (view.Status == "" || d.Status == view.Status) && (view.SubscriptionID == "" || d.SubscriptionID == view.SubscriptionID) {
				matching = append(matching, d)
			}
		}
		view.Held = len(w.deliveries.all)
		view.Deliveries = newest(r, matching, maxShown, w.deliveryLine)
	})
	return "Webhooks", view, nil
}

// deliveryView is the page of one delivery.
type deliveryView struct {
	deliveryLine
	Enabled  bool // the subscription
	Event    byzantine.WebhookEvent
	Payload  string
	Attempts []byzantine.WebhookDeliveryAttempt // the newest first
}

func (s *Sandbox) deliveryPage(r *http.Request) (title string, content any, err error) {
	s.inspect(func(w *world) {
		d := w.deliveries.get(r.PathValue("id"))
		if d == nil {
			err = errNotThere
			return
		}
		view := &deliveryView{deliveryLine: w.deliveryLine(d), Enabled: d.subscription.Enabled, Event: w.recordOf(d), Attempts: slices.Clone(d.attempts)}
		slices.Reverse(view.Attempts)
		title, content = "Delivery of "+string(d.event.Type), view
	})
	if view, ok := content.(*deliveryView); ok {
		view.Payload = shownResponse(view.Event.Payload)
	}
	return title, content, err
}

// faultView is a fault that is on, for the next requests to an operation.
type faultView struct {
	Operation string
	Times     int
	Effects   []string // in words
}

// faultViews lists the faults that are set. The caller holds the lock.
func (s *Sandbox) faultViews() []faultView {
	var views []faultView
	for operation, queue := range s.faults {
		for len(queue) > 0 {
			n := 1
			for n < len(queue) && reflect.DeepEqual(queue[n], queue[0]) {
				n++
			}
			views = append(views, faultView{operation, n, faultEffects(queue[0])})
			queue = queue[n:]
		}
	}
	slices.SortStableFunc(views, func(a, b faultView) int { return strings.Compare(a.Operation, b.Operation) })
	return views
}

// faultEffects says what a fault does, step by step.
func faultEffects(f fake.Fault) []string {
	var effects []string
	add := func(holds bool, text string) {
		if holds {
			effects = append(effects, text)
		}
	}
	early := f.TakesEffect && (f.Status != 0 || f.Reset || f.Delay > 0)
	add(f.Delay > 0 && !early, "waits "+f.Delay.String())
	add(f.ClockSkew != 0, "the clock is off by "+f.ClockSkew.String())
	add(early, "the request takes effect")
	add(f.Delay > 0 && early, "waits "+f.Delay.String())
	if f.Status != 0 {
		effects = append(effects, strings.TrimSpace("responds "+statusText(f.Status)+" "+f.Body))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Header)) {
		effects = append(effects, name+": "+strings.Join(f.Header[name], ", "))
	}
	add(f.Truncate, "the response breaks off in the middle")
	add(f.Reset, "the connection is cut instead of a response")
	add(len(effects) == 0, "nothing is changed")
	return effects
}

// faultsView is the page of the faults.
type faultsView struct {
	On         []faultView
	Operations []byzantine.Operation
}

func (s *Sandbox) faultsPage(*http.Request) (string, any, error) {
	view := &faultsView{Operations: slices.SortedFunc(byzantine.Operations(), func(a, b byzantine.Operation) int {
		return strings.Compare(string(a.ID), string(b.ID))
	})}
	s.inspect(func(*world) { view.On = s.faultViews() })
	return "Faults", view, nil
}

// inWords is how long it is from one time to another.
func inWords(from, to time.Time) string {
	d := to.Sub(from)
	switch {
	case d <= 0:
		return "now"
	case d < time.Minute:
		return "in " + counted(int(d.Round(time.Second)/time.Second), "second")
	case d < time.Hour:
		return "in " + counted(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 48*time.Hour:
		return "in " + counted(int(d.Round(time.Hour)/time.Hour), "hour")
	}
	return "in " + counted(int(d/(24*time.Hour)), "day")
}
