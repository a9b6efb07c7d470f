package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

func TestSupported(t *testing.T) {
	for _, uid := range []string{syntax.ImplicitLE, syntax.ExplicitLE, syntax.Deflated, syntax.ExplicitBE} {
		if err := syntax.Supported(uid); err != nil {
			t.Errorf("%s: %v", uid, err)
		}
	}
	for uid, name := range map[string]string{
		"1.2.840.10008.1.2.4.90": "JPEG 2000 lossless", "1.2.840.10008.1.2.5": "RLE", "1.2.840.10008.1.2.4.100": "MPEG-2",
		"1.2.3.ZZPHI": "an unknown way", "": "an unknown way",
	} {
		var fault *volume.Error
		err := syntax.Supported(uid)
		if !errors.As(err, &fault) || fault.Code != "unsupported_transfer_syntax" || !fault.Unsupported ||
			!strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "ZZPHI") {
			t.Errorf("%s: %v", uid, err)
		}
	}
}
