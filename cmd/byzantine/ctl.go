package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/byzantine-finance/byzantine-go/byzantinetest"
	"github.com/byzantine-finance/byzantine-go/internal/keyenv"
	"github.com/byzantine-finance/byzantine-go/internal/spelling"
)

var ctlCommand = command{
	name:    "ctl",
	args:    "[ROUTE [name=value ...]] [-body FILE] [-base-url URL]",
	summary: "drive a running sandbox: clock, codes, funds, faults, world",
	help: `
Calls a route of the control API of a running sandbox and prints its response as JSON. Without a route it lists them, with
their fields, of which those in brackets are optional. Fields are given by name=value, name=@FILE for the text in a file, name:=JSON, or all of the body with
-body.

  byzantine ctl
  byzantine ctl getMailbox email=ada@example.com wait=10s
  byzantine ctl fund id=$ACCOUNT_ID chainId=8453 currency=usd amount=100
  byzantine ctl advanceClock duration=2h
  byzantine ctl addFault operationId=init_otp status=503 'headers={"Retry-After":"1"}'
  byzantine ctl getWorld > world.json
  byzantine ctl setWorld -body world.json

The sandbox is that of -base-url or BYZANTINE_BASE_URL, and http://127.0.0.1:8787 without them. BYZANTINE_SANDBOX_TOKEN is
the token of a sandbox that was started with one.
`,
	prepare: func(flags *flag.FlagSet) action {
		baseURL := flags.String("base-url", "", "`URL` of the sandbox, in place of BYZANTINE_BASE_URL")
		bodyFile := flags.String("body", "", "`FILE` with the body as JSON, - for standard input")
		return func(ctx context.Context, p *process, args []string) error {
			c, err := newController(p, *baseURL)
			if err != nil {
				return err
			}
			routes, err := c.routes(ctx)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return printRoutes(p.stdout, routes)
			}
			i := slices.IndexFunc(routes, func(r controlRoute) bool { return r.ID == args[0] })
			if i < 0 {
				return usagef("the control API has no route %q%s", args[0], spelling.DidYouMean(args[0], known(routes, func(r controlRoute) string { return r.ID })))
			}
			var body json.RawMessage
			if *bodyFile != "" {
				if body, err = readInput(p, *bodyFile); err != nil {
					return err
				}
			}
			target, body, err := routes[i].request(p, args[1:], body)
			if err != nil {
				return err
			}
			response, err := c.call(ctx, routes[i].Method, target, body)
			if err != nil || len(response) == 0 {
				return err
			}
			return printJSON(p.stdout, response)
		}
	},
}

// printJSON prints a JSON document for people.
func printJSON(w io.Writer, text []byte) error {
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(text), "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, out.String())
	return err
}

// controller calls the control API of a sandbox.
type controller struct {
	baseURL string
	token   string
}

const defaultSandboxURL = "http://127.0.0.1:8787"

func newController(p *process, baseURL string) (*controller, error) {
	for _, next := range []string{p.getenv(keyenv.BaseURL), defaultSandboxURL} {
		if baseURL == "" {
			baseURL = next
		}
	}
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return nil, usagef("the URL of the sandbox must be scheme and host, such as %s", defaultSandboxURL)
	}
	return &controller{u.Scheme + "://" + u.Host, p.getenv(controlTokenVariable)}, nil
}

// call returns the body of a success.
func (c *controller) call(ctx context.Context, method, target string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.baseURL+target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultTransport.RoundTrip(request) // which follows no redirect
	if isDialError(err) {
		return nil, fmt.Errorf("nothing listens at %s: byzantine sandbox starts a sandbox, -base-url or BYZANTINE_BASE_URL names another", c.baseURL)
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 300 {
		return text, nil
	}
	var failure struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(text, &failure) != nil || failure.Error == "" {
		return nil, fmt.Errorf("%s responded with %s: it may not be a local sandbox", c.baseURL, response.Status)
	}
	return nil, fmt.Errorf("%s: %s", response.Status, failure.Error)
}

// controlRoute is a route as the sandbox's own document describes it.
type controlRoute struct {
	ID, Method, Path, Summary string
	Parameters                []controlField
	Fields                    []controlField // the fields of the body
	WholeBody                 bool           // the body is a document of any fields
}

type controlField struct {
	Name, In, Type string
	Required       bool
}

// routes asks the sandbox what it can do.
func (c *controller) routes(ctx context.Context) ([]controlRoute, error) {
	text, err := c.call(ctx, "GET", byzantinetest.ControlPath+"openapi.json", nil)
	if err != nil {
		return nil, err
	}
	type schema struct {
		Type       string `json:"type"`
		Properties map[string]struct {
			Type string `json:"type"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	var document struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Summary    string `json:"summary"`
			Parameters []struct {
				Name, In string
				Required bool
				Schema   schema
			} `json:"parameters"`
			Body *struct {
				Content map[string]struct{ Schema schema } `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(text, &document); err != nil || len(document.Paths) == 0 {
		return nil, fmt.Errorf("%s is not a local sandbox: its control API has no document", c.baseURL)
	}
	var routes []controlRoute
	for path, methods := range document.Paths {
		for method, operation := range methods {
			route := controlRoute{ID: operation.ID, Method: strings.ToUpper(method), Path: path, Summary: operation.Summary}
			for _, p := range operation.Parameters {
				route.Parameters = append(route.Parameters, controlField{p.Name, p.In, p.Schema.Type, p.Required})
			}
			if operation.Body != nil {
				s := operation.Body.Content["application/json"].Schema
				route.WholeBody = len(s.Properties) == 0
				for name, property := range s.Properties {
					route.Fields = append(route.Fields, controlField{name, "body", property.Type, slices.Contains(s.Required, name)})
				}
			}
			slices.SortFunc(route.Fields, func(a, b controlField) int { return strings.Compare(a.Name, b.Name) })
			routes = append(routes, route)
		}
	}
	slices.SortFunc(routes, func(a, b controlRoute) int { return strings.Compare(a.ID, b.ID) })
	return routes, nil
}

func printRoutes(w io.Writer, routes []controlRoute) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range routes {
		var names, optional []string
		for _, f := range slices.Concat(r.Parameters, r.Fields) {
			if f.Required {
				names = append(names, f.Name)
			} else {
				optional = append(optional, "["+f.Name+"]")
			}
		}
		names = append(names, optional...)
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.ID, strings.Join(names, " "), r.Summary)
	}
	return table.Flush()
}

// missing names the first required field that a body lacks. What the sandbox would say of a body that is no object is more
// than this could.
func (r controlRoute) missing(body json.RawMessage) string {
	there := map[string]json.RawMessage{}
	if len(body) > 0 && json.Unmarshal(body, &there) != nil {
		return ""
	}
	for _, f := range r.Fields {
		if value, found := there[f.Name]; f.Required && (!found || string(value) == "null") {
			return f.Name
		}
	}
	return ""
}

// request makes path, query and body of the arguments.
func (r controlRoute) request(p *process, args []string, body json.RawMessage) (string, json.RawMessage, error) {
	target, query := r.Path, url.Values{}
	fields := slices.Concat(r.Parameters, r.Fields)
	for _, arg := range args {
		a, err := parseArgument(p, arg)
		if err != nil {
			return "", nil, err
		}
		steps, err := parsePath(a.name)
		if err != nil {
			return "", nil, err
		}
		i := slices.IndexFunc(fields, func(f controlField) bool { return f.Name == steps[0].field })
		switch {
		case i < 0:
			return "", nil, usagef("%s has no field %q%s", r.ID, steps[0].field, spelling.DidYouMean(steps[0].field, known(fields, func(f controlField) string { return f.Name })))
		case fields[i].In == "path":
			target = strings.Replace(target, "{"+a.name+"}", url.PathEscape(a.plain()), 1)
		case fields[i].In == "query":
			query.Set(a.name, a.plain())
		default:
			// What the document gives no type, or what is below an object, is text unless it looks like an object or a list.
			untyped := fields[i].Type == "" || len(steps) > 1
			value, err := a.value(fields[i].Type == "string" || untyped && !strings.HasPrefix(a.text, "{") && !strings.HasPrefix(a.text, "["), fields[i].Type)
			if err == nil {
				body, err = place(body, steps, value)
			}
			if err != nil {
				return "", nil, inField(a.name, err)
			}
		}
	}
	for _, f := range r.Parameters {
		if f.In == "path" && strings.Contains(target, "{"+f.Name+"}") {
			return "", nil, usagef("%s: %s: missing", r.ID, f.Name)
		}
	}
	if missing := r.missing(body); missing != "" {
		return "", nil, usagef("%s: %s: missing", r.ID, missing)
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target, body, nil
}
