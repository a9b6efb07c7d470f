package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

func TestSupported(t *testing.T) {
	for _, uid := range []string{
		syntax.ImplicitLE, syntax.ExplicitLE, syntax.Deflated, syntax.ExplicitBE, syntax.RLE,
		"1.2.840.113619.5.2", "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1",
		"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
		"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",
		"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93",
		"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203",
	} {
		if err := syntax.Supported(uid); err != nil {
			t.Errorf("%s: %v", uid, err)
		}
	}
	for uid, name := range map[string]string{
		"1.2.840.10008.1.2.4.110": "JPEG XL lossless", "1.2.840.10008.1.2.4.111": "JPEG XL of JPEG", "1.2.840.10008.1.2.4.112": "JPEG XL",
		"1.2.840.10008.1.2.4.100": "MPEG-2", "1.2.840.10008.1.2.4.102": "MPEG-4", "1.2.840.10008.1.2.4.107": "HEVC",
		"1.2.840.10008.1.2.4.204": "an unknown format", "1.2.840.10008.1.2.4.94": "an unknown format",
		"1.2.3.ZZPHI": "an unknown format", "": "an unknown format",
	} {
		var fault *volume.Error
		err := syntax.Supported(uid)
		if !errors.As(err, &fault) || fault.Code != "unsupported_transfer_syntax" || !fault.Unsupported ||
			!strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "ZZPHI") {
			t.Errorf("%s: %v", uid, err)
		}
	}
}
