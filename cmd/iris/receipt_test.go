package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestReceipts(t *testing.T) {
	for name, c := range map[string]struct {
		raw        string
		want, lack []string
	}{
		"kept": {`{"job":"J","created_at":"2026-01-02T03:04:05Z","expires_at":"2026-04-02T03:04:05Z","where":{"place":"aws","region":"eu-west-1"},
			"objects":[{"bucket":"uploads","name":"upload-1.nii","bytes":7,"since":"2026-01-02T03:04:05Z","earlier_version":true}],
			"total":{"objects":1,"versions":2,"markers":0,"uploads":0,"bytes":21},"kept_for_other_jobs":1,"record":{"backups_days":35},
			"readers":[{"who":"drops"},{"who":"operators"},{"who":"share","share":"s1","until":"2026-01-09T03:04:05Z"}],
			"left_storage":[{"to":"model","what":"the prepared volume","at":"2026-01-02T03:04:05Z"}],"erasure":null}`,
			[]string{"AWS, region eu-west-1", "1 object, 2 earlier versions, 21 bytes", "1 uploaded object that another job", "35 days", "may drop into the bucket, operators, whoever has the link of share s1", "the prepared volume, to the model", "upload-1.nii", "earlier version\n"},
			[]string{"erased"}},
		"erased": {`{"job":"J","where":{"place":"machine","folder":"/x/.iris"},"erasure":{"at":"2026-01-02T03:04:05Z","by":"owner","found":{"objects":12,"bytes":90},
			"late":{"objects":1,"bytes":4},"remaining":{},"looked_at":"2026-01-02T04:10:05Z","final":true,"proof_until":"2026-02-01T03:04:05Z"}}`,
			[]string{"this machine, /x/.iris", "by owner", "12 objects, 90 bytes", "1 object, 4 bytes, deleted", "0 objects, 0 bytes; last looked", "nothing could write any more", "proof until"},
			[]string{"readers", "stored"}},
		"being erased": {`{"erasure":{"by":"retention","looked_at":null}}`, []string{"has not come to its end"}, []string{"came late"}},
	} {
		var v receiptView
		if err := json.Unmarshal([]byte(c.raw), &v); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := v.show(&out); err != nil {
			t.Fatal(err)
		}
		for _, text := range c.want {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s: %q is not in\n%s", name, text, out.String())
			}
		}
		for _, text := range c.lack {
			if strings.Contains(out.String(), text) {
				t.Errorf("%s: %q is in\n%s", name, text, out.String())
			}
		}
	}
}
