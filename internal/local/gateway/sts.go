package gateway

import (
	"encoding/xml"
	"net/http"
)

// callerIdentity is STS reduced to GetCallerIdentity.
type callerIdentity struct{ account, key string }

func (c callerIdentity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if action := r.FormValue("Action"); action != "GetCallerIdentity" {
		refuse(w, r, http.StatusBadRequest, "InvalidAction", "InvalidAction", "of STS there is only GetCallerIdentity, not "+quoteShort(action))
		return
	}
	type identity struct{ Arn, UserId, Account string }
	answerXML(w, http.StatusOK, struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Result  identity `xml:"GetCallerIdentityResult"`
	}{Result: identity{"arn:aws:iam::" + c.account + ":root", c.key, c.account}})
}
