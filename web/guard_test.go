package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"adapt/registry"
)

func TestAttacks(t *testing.T) {
	form := url.Values{"csrf": {newKeys(testToken).form}, "decision": {"approve"}, "by": {"Mallory"}, "reason": {"x"}}
	without := func(key string) url.Values {
		f := url.Values{}
		for k, v := range form {
			if k != key {
				f[k] = v
			}
		}
		return f
	}
	const decision = "/runs/legal-1/decision"
	tests := []struct {
		name   string
		method string
		path   string
		form   url.Values
		change func(*http.Request)
		status int
		title  string
	}{
		{"no token", "GET", "/", nil, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "A token is needed"},
		{"wrong token", "GET", "/?token=" + strings.Repeat("0", 64), nil, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "A token is needed"},
		{"wrong cookie", "GET", "/", nil, func(r *http.Request) {
			r.Header.Set("Cookie", newKeys(testToken).cookie+"="+strings.Repeat("0", 64))
		}, 401, "A token is needed"},
		{"token as cookie", "GET", "/", nil, func(r *http.Request) { r.Header.Set("Cookie", newKeys(testToken).cookie+"="+testToken) }, 401, "A token is needed"},
		{"page without token that is not there", "GET", "/nowhere", nil, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "A token is needed"},
		{"events without token", "GET", "/runs/legal-1/events", nil, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "A token is needed"},
		{"report without token", "GET", "/runs/legal-1/report/report.html", nil, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "A token is needed"},
		{"foreign host", "GET", "/", nil, func(r *http.Request) { r.Host = "evil.example" }, 421, "Unknown host name"},
		{"foreign host with our port", "GET", "/", nil, func(r *http.Request) { r.Host = "evil.example:7700" }, 421, "Unknown host name"},
		{"host that begins like ours", "GET", "/", nil, func(r *http.Request) { r.Host = "localhost.evil.example" }, 421, "Unknown host name"},
		{"foreign host for the style", "GET", "/static/style.css", nil, func(r *http.Request) { r.Host = "evil.example" }, 421, "Unknown host name"},
		{"form without CSRF token", "POST", decision, without("csrf"), nil, 403, "The form was not accepted"},
		{"form with CSRF token in the address", "POST", decision + "?csrf=" + newKeys(testToken).form, without("csrf"), nil, 403, "The form was not accepted"},
		{"form from another site", "POST", decision, form, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, "The form was not accepted"},
		{"form from another port", "POST", decision, form, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403, "The form was not accepted"},
		{"form without token", "POST", decision, form, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "A token is needed"},
		{"form with token in the address", "POST", decision + "?token=" + testToken, form, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "A token is needed"},
		{"GET to a form's address", "GET", decision, nil, nil, 405, "This address only takes forms"},
		{"GET to the rollback's address", "GET", "/domains/legal/rollback", nil, nil, 405, "This address only takes forms"},
		{"PUT", "PUT", decision, form, nil, 405, "This address only takes forms"},
		{"rollback without CSRF token", "POST", "/domains/legal/rollback", without("csrf"), nil, 403, "The form was not accepted"},
		{"unknown page", "GET", "/etc/passwd", nil, nil, 404, "There is no such page"},
		{"path out of the static files", "GET", "/static/..%2ftemplates%2flayout.html", nil, nil, 404, "There is no such page"},
	}
	w := newWorld(t)
	w.waitingRun("legal-1")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := w.request(tt.method, tt.path, tt.form)
			if tt.change != nil {
				tt.change(req)
			}
			res, body := w.do(req)
			if res.StatusCode != tt.status || !strings.Contains(body, "<h1>"+tt.title) {
				t.Errorf("status %d, want %d %q\n%s", res.StatusCode, tt.status, tt.title, body)
			}
			if len(res.Header["Set-Cookie"]) != 0 {
				t.Error("a cookie was given")
			}
			if strings.Contains(body, testToken) || strings.Contains(body, newKeys(testToken).session) {
				t.Error("the page tells a secret")
			}
			wantHeaders(t, res)
		})
	}
	if len(w.flows.decided) != 0 {
		t.Errorf("an attack decided: %+v", w.flows.decided)
	}
	for _, secret := range []string{testToken, newKeys(testToken).form, newKeys(testToken).session, "Mallory"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestAHugeFormIsRefused goes without a network: a server that closes on a
// client that still sends may cut off its own answer.
func TestAHugeFormIsRefused(t *testing.T) {
	w := newWorld(t)
	w.waitingRun("legal-1")
	k := newKeys(testToken)
	form := url.Values{"csrf": {k.form}, "decision": {"approve"}, "by": {"Mallory"}, "reason": {strings.Repeat("x", maxForm)}}
	req := httptest.NewRequest("POST", "http://localhost/runs/legal-1/decision", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.AddCookie(&http.Cookie{Name: k.cookie, Value: k.session})
	rec := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(rec, req)
	if rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "the text was too long") {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	if len(w.flows.decided) != 0 {
		t.Errorf("decided %+v", w.flows.decided)
	}
}

func wantHeaders(t *testing.T, res *http.Response) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": pagePolicy,
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestEveryPageHasItsHeadersAndNothingForeign(t *testing.T) {
	w := newWorld(t)
	w.waitingRun("legal-1")
	m := w.model("legal", "run-1", registry.KindCandidate)
	w.promote(m, registry.Model{})
	for _, path := range []string{"/", "/runs/legal-1", "/runs/legal-1/report", "/models", "/models/" + m.Name, "/domains/legal"} {
		doc, res := w.get(path, http.StatusOK)
		wantHeaders(t, res)
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, got)
		}
		for _, attr := range []string{"src", "href", "action"} {
			for _, n := range doc.Find("[" + attr + "]").Nodes {
				for _, a := range n.Attr {
					if a.Key == attr && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") {
						t.Errorf("%s: <%s %s=%q> leads elsewhere", path, n.Data, attr, a.Val)
					}
				}
			}
		}
		if n := doc.Find("[style], style, [onclick], script:not([src])").Length(); n != 0 {
			t.Errorf("%s: %d inline styles or scripts, which the policy forbids", path, n)
		}
		if doc.Find("h1").Length() != 1 || doc.Find("html[lang]").Length() != 1 || doc.Find("main").Length() != 1 {
			t.Errorf("%s: wants one heading, one main part and a language", path)
		}
	}
}

func TestTheTokenBecomesACookie(t *testing.T) {
	w := newWorld(t)
	req := w.request("GET", "/models?token="+testToken, nil)
	req.Header.Del("Cookie")
	res, _ := w.do(req)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/models" {
		t.Fatalf("status %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || strings.Contains(cookies[0].Value, testToken) {
		t.Fatalf("cookies are %+v", cookies)
	}
	req = w.request("GET", "/models", nil)
	req.Header.Del("Cookie")
	req.AddCookie(cookies[0])
	if res, _ := w.do(req); res.StatusCode != http.StatusOK {
		t.Errorf("with the cookie: status %d", res.StatusCode)
	}

	// The way back must stay on this server.
	req = w.request("GET", "//evil.example/?token="+testToken, nil)
	if res, _ := w.do(req); !strings.HasPrefix(res.Header.Get("Location"), "/evil.example") {
		t.Errorf("redirected to %q", res.Header.Get("Location"))
	}
}

func TestHosts(t *testing.T) {
	s := newSite(Options{Token: testToken, Hosts: []string{"Adapt.internal"}})
	for host, want := range map[string]bool{
		"localhost": true, "localhost:7700": true, "LOCALHOST:1": true, "127.0.0.1": true, "127.0.0.1:80": true,
		"[::1]:80": true, "[::1]": true, "10.1.2.3:80": true, "adapt.internal:80": true,
		"": false, "evil.example": false, "127.0.0.1.evil.example": false, "localhost.": false,
	} {
		if got := s.knownHost(host); got != want {
			t.Errorf("knownHost(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestAPanicIsAPage(t *testing.T) {
	s := newSite(Options{Token: testToken})
	h := s.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("at the disco") }))
	req := httptest.NewRequest("GET", "http://localhost/", nil)
	req.AddCookie(&http.Cookie{Name: s.keys.cookie, Value: s.keys.session})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "Something went wrong here") {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}

func TestNewNeedsAToken(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("pages without a token")
		}
	}()
	New(Options{})
}
