package decimal_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/decimal"
)

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		x      float64
		digits int
		want   string
	}{
		{0, 4, "0"}, {math.Copysign(0, -1), 4, "0"}, {60, 4, "60"}, {-10, 4, "-10"}, {100, 0, "100"},
		{0.6157, 4, "0.6157"}, {-0.00004, 4, "0"}, {0.00005, 4, "0.0001"}, {-1.99996, 4, "-2"},
		{12.0625, 3, "12.063"}, {1e-7, 7, "0.0000001"}, {0.5, 0, "1"}, {-300000.125, 4, "-300000.125"},
		{1e18, 4, "1000000000000000000"}, {math.MaxFloat32, 2, strconv.FormatFloat(math.MaxFloat32, 'f', -1, 64)},
	} {
		if got := string(decimal.Append([]byte("x"), c.x, c.digits)); got != "x"+c.want {
			t.Errorf("%v with %d digits: %s, want %s", c.x, c.digits, got[1:], c.want)
		}
	}
}

// Against strconv: the text reads back as what Round says, within half a step.
func TestAppendAgreesWithStrconv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		digits := r.IntN(9)
		x := float64(float32((r.Float64() - 0.5) * math.Pow(10, float64(r.IntN(7)))))
		text := string(decimal.Append(nil, x, digits))
		got, err := strconv.ParseFloat(text, 64)
		_, fraction, _ := strings.Cut(text, ".")
		if err != nil || got != decimal.Round(x, digits) || math.Abs(got-x) > 0.501*math.Pow10(-digits) || len(fraction) > digits || strings.HasSuffix(fraction, "0") {
			t.Fatalf("%v with %d digits: %s, Round %v, %v", x, digits, text, decimal.Round(x, digits), err)
		}
	}
}

// Whole numbers of every length, beside each power of ten.
func TestAppendUint(t *testing.T) {
	power := uint64(1)
	for range 20 {
		for _, n := range []uint64{power - 1, power, power + 1, power / 3} {
			if got, want := string(decimal.AppendUint([]byte("x"), n)), "x"+strconv.FormatUint(n, 10); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		power *= 10
	}
	if got := string(decimal.AppendUint(nil, math.MaxUint64)); got != "18446744073709551615" {
		t.Errorf("the largest number is %s", got)
	}
}

func TestDigits(t *testing.T) {
	for step, want := range map[float64]int{2: 0, 1: 0, 0.5: 1, 1e-4: 4, 2.4e-4: 4, 0.9e-4: 5, 1e-30: decimal.MaxDigits} {
		if got := decimal.Digits(step); got != want {
			t.Errorf("step %v: %d digits, want %d", step, got, want)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	buffer := make([]byte, 0, 64)
	for i := range b.N {
		buffer = decimal.Append(buffer[:0], -123.4567+float64(i&1023), 4)
	}
}
