package api

import (
	"net/http"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A scope that is ours by its beginning and that is not known, however its list is spelt,
// limits its token to nothing: who gave it meant to limit it. That is told by name.
func TestAScopeThatIsNotKnownAllowsNothing(t *testing.T) {
	w := newWorld()
	hers := w.job(t, "alice", job.Ready)
	for _, scope := range []string{
		"iris/operators", "iris/readonly", "iris/", "Iris/Read", "openid iris/reed", "iris/read\tiris/write", "iris/read\niris/erase",
		"iris/read,iris/write", `["iris/read"]`, `["iris/read","iris/erase"]`, "iris/read\u00a0", "iris/operator\u200b",
	} {
		who := Access{}.OfClaims(map[string]string{"sub": "alice", "scope": scope})
		if who.Operator || who.Drops {
			t.Errorf("%q: %+v", scope, who)
		}
		for _, call := range []struct{ method, path string }{{"GET", "/v1/jobs/" + hers}, {"GET", "/v1/jobs"}, {"DELETE", "/v1/jobs/" + hers}, {"POST", "/v1/jobs/" + hers + "/share"}} {
			if out := w.ask(t, who, call.method, call.path, ""); out.Code != http.StatusForbidden || code(out) != "insufficient_scope" {
				t.Errorf("%q: %s %s: %d %s", scope, call.method, call.path, out.Code, out.Body)
			}
		}
	}
	for _, scope := range []string{"", " ", "openid email", "aws.cognito.signin.user.admin", "https://other.example/iris/read", "irish/read"} {
		if out := w.ask(t, Access{}.OfClaims(map[string]string{"sub": "alice", "scope": scope}), "GET", "/v1/jobs/"+hers, ""); out.Code != http.StatusOK {
			t.Errorf("%q, which is none of ours: %d", scope, out.Code)
		}
	}
	for _, scope := range []string{"iris/read", "  iris/read   iris/later ", "[iris/later iris/read]", "[[iris/read]]"} {
		who := Access{}.OfClaims(map[string]string{"sub": "alice", "scp": scope})
		if out := w.ask(t, who, "GET", "/v1/jobs/"+hers, ""); out.Code != http.StatusOK {
			t.Errorf("%q: %d", scope, out.Code)
		}
		if out := w.ask(t, who, "DELETE", "/v1/jobs/"+hers, ""); out.Code != http.StatusForbidden {
			t.Errorf("%q: %d", scope, out.Code)
		}
	}
}

// Where drops have owners only a role and the account's root are operators. A federated
// user is an IAM user under another name, which he chooses; of what is not known at all
// nothing is believed.
func TestOnlyRolesAreOperators(t *testing.T) {
	a := Access{OwnersByPrefix: true}
	for arn, want := range map[string]Principal{
		"arn:aws:iam::1:user/alice":                      {Subject: "alice"},
		"arn:aws:iam::1:root":                            Local,
		"arn:aws-us-gov:sts::1:assumed-role/ward/alice":  Local,
		"arn:aws:sts::1:federated-user/alice":            {},
		"arn:aws:sts::1:federated-user/root":             {},
		"arn:aws:iam::1:user/root":                       {Subject: "root"},
		"arn:aws:iam::1:user/assumed-role/x/alice":       {Subject: "alice"},
		"arn:aws:sts::1:user/alice":                      {},
		"arn:aws:iam::1:assumed-role/ward/alice":         {},
		"arn:aws:iam::1:root/x":                          {},
		"arn:aws:iam::1:":                                {},
		"arn:aws:iam::1":                                 {},
		"root":                                           {},
		"":                                               {},
		"arn:aws:iam::1:role/operators":                  {}, // a request is never signed by the role itself
		"arn:aws:iam::1:USER/alice":                      {},
		" arn:aws:sts::1:assumed-role-x/operators/alice": {},
	} {
		got := a.Caller(Checked{Signed: true, ARN: arn})
		if got.Subject != want.Subject || got.Operator != want.Operator || got.Drops {
			t.Errorf("%q: %+v, want %+v", arn, got, want)
		}
	}
}
