package nifti

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/iris-oculus/iris/internal/volume"
)

func TestConvertReadsEverySpelling(t *testing.T) {
	want, _, err := convert(t, good().bytes(), ConvertOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want.Voxels[0] != -1000 || want.Voxels[59] != 3 {
		t.Fatalf("first and last voxel %d, %d: want -1000, 3", want.Voxels[0], want.Voxels[59])
	}
	cases := []struct {
		name   string
		change func(*sample)
	}{
		{"big endian", func(s *sample) { s.order = binary.BigEndian }},
		{"nifti-2", func(s *sample) { s.version = 2 }},
		{"nifti-2 big endian", func(s *sample) { s.version, s.order = 2, binary.BigEndian }},
		{"gzip", func(s *sample) { s.gzip = true }},
		{"slope 0", func(s *sample) { s.slope, s.inter = 0, 50 }},
		{"slope NaN", func(s *sample) { s.slope, s.inter = math.NaN(), math.NaN() }},
		{"slope infinite", func(s *sample) { s.slope = math.Inf(1) }},
		{"vox_offset 0", func(s *sample) { s.writeOffset = true }},
		{"vox_offset 1024", func(s *sample) { s.writeOffset, s.offset = true, 1024 }},
		{"extension", func(s *sample) { s.extension = append([]byte{32, 0, 0, 0, 4, 0, 0, 0}, "ZZPHI^NAME 19700101....."...) }},
		{"trailing dims of 1", func(s *sample) { s.dim = append(s.dim, 1, 1) }},
		{"bytes after the voxels", func(s *sample) { s.extra = 512 }},
		{"bitpix lies", func(s *sample) { s.bitpix = 64 }},
		{"pixdim lies", func(s *sample) { s.pixdim = [4]float64{1, 7, 7, 7} }},
		{"micrometres", func(s *sample) {
			s.units = 3
			for r := range 3 {
				for c := range 4 {
					s.rows[r][c] *= 1000
				}
			}
		}},
		{"qform", func(s *sample) { s.scode, s.qcode, s.qoffset = 0, 1, [3]float64{-10, 20, 30} }},
		{"sform wins", func(s *sample) { s.qcode, s.quaternion = 1, [3]float64{1, 0, 0} }},
		{"int32", func(s *sample) { s.datatype = 8 }},
		{"int64", func(s *sample) { s.datatype = 1024 }},
		{"int64 big endian", func(s *sample) { s.datatype, s.order = 1024, binary.BigEndian }},
		{"float32", func(s *sample) { s.datatype = 16 }},
		{"float32 big endian", func(s *sample) { s.datatype, s.order = 16, binary.BigEndian }},
		{"float64", func(s *sample) { s.datatype = 64 }},
		{"uint16", func(s *sample) { s.datatype, s.inter = 512, -1000; add(s, 1000) }},
		{"uint32", func(s *sample) { s.datatype, s.inter = 768, -1000; add(s, 1000) }},
		{"uint64", func(s *sample) { s.datatype, s.inter = 1280, -1000; add(s, 1000) }},
		{"slope 2", func(s *sample) { s.datatype, s.slope, s.inter = 16, 2, 6; add(s, -6); scale(s, 0.5) }},
		{"slope -1", func(s *sample) { s.slope = -1; scale(s, -1) }},
		{"rounding half to even", func(s *sample) {
			s.datatype = 16
			for n := range s.values {
				s.values[n] += []float64{0.5, -0.5}[int(s.values[n])&1]
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := convert(t, with(c.change).bytes(), ConvertOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "rounding half to even" {
				for n, v := range got.Voxels {
					if v&1 != 0 || math.Abs(float64(v)-float64(want.Voxels[n])) > 1 {
						t.Fatalf("voxel %d = %d from a tie beside %d: want the even one", n, v, want.Voxels[n])
					}
				}
				return
			}
			if d := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-5)); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("several gzip members", func(t *testing.T) {
		raw := good().bytes()
		got, _, err := convert(t, zipped(raw[:100], raw[100:360], nil, raw[360:]), ConvertOptions{})
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("differs: %v", err)
		}
	})
}

func add(s *sample, v float64) {
	for n := range s.values {
		s.values[n] += v
	}
}

func scale(s *sample, v float64) {
	for n := range s.values {
		s.values[n] *= v
	}
}

func TestConvertReadsEightBits(t *testing.T) {
	for _, c := range []struct {
		datatype    int
		first, last float64
	}{{2, 0, 200}, {256, -100, 100}} {
		s := with(func(s *sample) {
			s.datatype, s.slope, s.inter = c.datatype, 8, -100
			for n := range s.values {
				s.values[n] = c.first + math.Floor(float64(n)/59*(c.last-c.first))
			}
		})
		v, _, err := convert(t, s.bytes(), ConvertOptions{})
		if err != nil || float64(v.Voxels[0]) != 8*c.first-100 || float64(v.Voxels[59]) != 8*c.last-100 {
			t.Errorf("datatype %d: %v %v", c.datatype, v, err)
		}
	}
}

func TestConvertSaturates(t *testing.T) {
	s := with(func(s *sample) { s.datatype = 64; s.values[0], s.values[1], s.values[2] = -1e9, 1e300, 32767.5 })
	v, r, err := convert(t, s.bytes(), ConvertOptions{})
	if err != nil || v.Voxels[0] != -32768 || v.Voxels[1] != 32767 || v.Voxels[2] != 32767 {
		t.Fatalf("%v %v", v, err)
	}
	if !slices.ContainsFunc(r.Warnings, func(w Warning) bool { return w.Code == "saturated" }) {
		t.Errorf("warnings %v: want saturated", r.Warnings)
	}
}

// TestConvertKeepsEveryVoxelWhereItIs: whatever the axes, a voxel's world
// position and value stay, and the axes come out closest to RAS.
func TestConvertKeepsEveryVoxelWhereItIs(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	perms := [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	for n := range 48 {
		perm, flips := perms[n%6], n/6
		s := good()
		s.rows = volume.Affine{}
		angle := rng.Float64() * 0.6
		tilt := volume.Affine{{math.Cos(angle), -math.Sin(angle), 0, 0}, {math.Sin(angle), math.Cos(angle), 0, 0}, {0, 0, 1, 0}}
		for c, world := range perm {
			sign := 1.0
			if flips>>c&1 == 1 {
				sign = -1
			}
			for r := range 3 {
				s.rows[r][c] = sign * tilt[r][world] * s.pixdim[c+1]
			}
			s.rows[c][3] = float64(rng.Intn(100))
		}
		v, r, err := convert(t, s.bytes(), ConvertOptions{})
		if err != nil {
			t.Fatalf("%v %v: %v", perm, flips, err)
		}
		inv, _ := v.Affine.Inverse()
		for at, want := range s.values {
			p := s.rows.Apply([3]float64{float64(at % 5), float64(at / 5 % 4), float64(at / 20)})
			q := inv.Apply(p)
			var ijk [3]int
			for a := range 3 {
				ijk[a] = int(math.Round(q[a]))
				if math.Abs(q[a]-float64(ijk[a])) > 1e-4 {
					t.Fatalf("%v %v: voxel %d lies at %v: want a grid point", perm, flips, at, q)
				}
			}
			if got := v.Voxels[ijk[0]+v.Dims[0]*(ijk[1]+v.Dims[1]*ijk[2])]; float64(got) != want {
				t.Fatalf("%v %v: voxel %d = %d at %v, want %g", perm, flips, at, got, ijk, want)
			}
		}
		if !volume.Canonical(r.Affine).Identity() {
			t.Errorf("%v %v: %v is not closest to RAS", perm, flips, r.Affine)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name, code string
		change     func(*sample)
	}{
		{"magic", "bad_magic", func(s *sample) { s.magic = "xx1" }},
		{"no magic", "bad_magic", func(s *sample) { s.magic = "\x00\x00\x00\x00" }},
		{"pair", "unsupported_format", func(s *sample) { s.magic = "ni1\x00" }},
		{"sizeof_hdr", "unrecognized", func(s *sample) { s.sizeofHd = 347 }},
		{"dim[0] 0", "bad_dims", func(s *sample) { s.dim0 = -1 }},
		{"dim[0] 8", "bad_dims", func(s *sample) { s.dim0 = 8 }},
		{"dim negative", "bad_dims", func(s *sample) { s.dim[1] = -4 }},
		{"dim zero", "bad_dims", func(s *sample) { s.dim[2] = 0 }},
		{"dim long", "too_large", func(s *sample) { s.dim[2] = 4097 }},
		{"dims huge", "too_large", func(s *sample) { s.dim = []int64{4000, 4000, 4000} }},
		{"nifti-2 dims overflow", "too_large", func(s *sample) { s.version, s.dim = 2, []int64{1 << 62, 1 << 62, 4} }},
		{"one slice", "too_few_slices", func(s *sample) { s.dim = []int64{5, 12, 1} }},
		{"two dimensions", "too_few_slices", func(s *sample) { s.dim = []int64{5, 12} }},
		{"4-D", "multiple_volumes", func(s *sample) { s.dim = []int64{5, 4, 1, 3} }},
		{"5-D", "multiple_volumes", func(s *sample) { s.dim = []int64{5, 2, 2, 1, 3} }},
		{"complex", "unsupported_datatype", func(s *sample) { s.datatype = 32 }},
		{"rgb", "unsupported_datatype", func(s *sample) { s.datatype = 128 }},
		{"bits", "unsupported_datatype", func(s *sample) { s.datatype = 1 }},
		{"datatype unheard of", "unsupported_datatype", func(s *sample) { s.datatype = 77 }},
		{"vox_offset NaN", "bad_header", func(s *sample) { s.writeOffset, s.offset = true, nan }},
		{"vox_offset within the header", "bad_header", func(s *sample) { s.writeOffset, s.offset = true, 100 }},
		{"vox_offset broken", "bad_header", func(s *sample) { s.writeOffset, s.offset = true, 352.5 }},
		{"vox_offset beyond the end", "truncated", func(s *sample) { s.writeOffset, s.offset = true, 2e6 }},
		{"intercept", "bad_header", func(s *sample) { s.slope, s.inter = 2, nan }},
		{"no orientation", "missing_orientation", func(s *sample) { s.scode = 0 }},
		{"affine NaN", "bad_affine", func(s *sample) { s.rows[1][1] = nan }},
		{"affine infinite", "bad_affine", func(s *sample) { s.rows[1][3] = math.Inf(1) }},
		{"affine singular", "bad_affine", func(s *sample) { s.rows[0] = s.rows[1] }},
		{"affine with a zero column", "bad_affine", func(s *sample) { s.rows[2][2] = 0 }},
		{"spacing in metres", "bad_affine", func(s *sample) { s.units = 1 }},
		{"shear", "non_orthogonal_affine", func(s *sample) { s.rows[0][2] = 1 }},
		{"qform pixdim 0", "bad_affine", func(s *sample) { s.scode, s.qcode, s.pixdim[2] = 0, 1, 0 }},
		{"quaternion", "bad_affine", func(s *sample) { s.scode, s.qcode, s.quaternion[0] = 0, 1, 3 }},
		{"cut voxels", "truncated", func(s *sample) { s.cut = 1 }},
		{"cut gzip voxels", "truncated", func(s *sample) { s.cut, s.gzip = 1, true }},
		{"cut header", "truncated", func(s *sample) { s.cut = 250 }},
		{"dims too small", "bad_header", func(s *sample) { s.extra = 2 << 20 }},
		{"NaN voxel", "nan_voxels", func(s *sample) { s.datatype, s.values[7] = 16, nan }},
		{"infinite voxel", "nan_voxels", func(s *sample) { s.datatype, s.values[7] = 64, math.Inf(-1) }},
		{"constant", "empty_volume", func(s *sample) { scale(s, 0) }},
		{"normalised", "not_hounsfield", func(s *sample) { s.datatype = 64; add(s, 1000); scale(s, 0.001) }},
		{"standardised", "not_hounsfield", func(s *sample) { s.datatype = 64; scale(s, 0.005) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := convert(t, with(c.change).bytes(), ConvertOptions{}); code(err) != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

func TestConvertRefusesBytes(t *testing.T) {
	whole := good().bytes()
	gz := zipped(whole)
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0x55
		return b
	}
	bomb := append(good().bytes()[:352], make([]byte, 200<<20)...)
	binary.LittleEndian.PutUint16(bomb[42:], 1000)
	binary.LittleEndian.PutUint16(bomb[44:], 1000)
	binary.LittleEndian.PutUint16(bomb[46:], 100)
	for _, c := range []struct {
		name, code string
		file       []byte
	}{
		{"empty", "unrecognized", nil},
		{"one byte", "unrecognized", []byte{0x1f}},
		{"text", "unrecognized", []byte("this is not a scan, whatever its name says")},
		{"gzip of text", "unrecognized", zipped([]byte("this is not a scan, whatever its name says"))},
		{"gzip cut", "truncated", gz[:len(gz)-30]},
		{"gzip without trailer", "truncated", gz[:len(gz)-8]},
		{"gzip header cut", "truncated", gz[:5]},
		{"gzip checksum", "bad_gzip", flip(gz, len(gz)-6)},
		{"gzip length", "bad_gzip", flip(gz, len(gz)-2)},
		{"gzip method", "bad_gzip", flip(gz, 2)},
		{"second member damaged", "bad_gzip", append(zipped(whole[:400]), flip(zipped(whole[400:]), 2)...)},
		{"members without end", "bad_gzip", append(zipped(whole[:400]), bytes.Repeat(zipped(nil), maxMembers)...)},
		{"bomb", "too_large", zipped(bomb)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := convert(t, c.file, ConvertOptions{}); code(err) != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

func TestConvertWarns(t *testing.T) {
	mr := func(s *sample) { add(s, 1000) }
	for _, c := range []struct {
		name     string
		change   func(*sample)
		append   string
		options  ConvertOptions
		modality string
		codes    []string
	}{
		{"nothing odd", func(*sample) {}, "", ConvertOptions{}, "CT", nil},
		{"trailing bytes", func(s *sample) { s.extra = 5 }, "", ConvertOptions{}, "CT", []string{"trailing_bytes"}},
		{"gzip garbage", func(s *sample) { s.gzip = true }, "garbage", ConvertOptions{}, "CT", []string{"trailing_bytes"}},
		{"bitpix", func(s *sample) { s.bitpix = 8 }, "", ConvertOptions{}, "CT", []string{"bitpix_mismatch"}},
		{"pixdim", func(s *sample) { s.pixdim[3] = 1 }, "", ConvertOptions{}, "CT", []string{"spacing_mismatch"}},
		{"guess", mr, "", ConvertOptions{}, "", []string{"not_hounsfield"}},
		{"told MR", mr, "", ConvertOptions{Modality: "MR"}, "MR", nil},
		{"told CT", mr, "", ConvertOptions{Modality: "CT"}, "CT", []string{"not_hounsfield"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, r, err := convert(t, append(with(c.change).bytes(), c.append...), c.options)
			var codes []string
			for _, w := range r.Warnings {
				codes = append(codes, w.Code)
			}
			if err != nil || r.Modality != c.modality || !slices.Equal(codes, c.codes) {
				t.Errorf("modality %q, warnings %v, error %v: want %q, %v", r.Modality, codes, err, c.modality, c.codes)
			}
		})
	}
	windowed := with(func(s *sample) { add(s, 1000); scale(s, 0.2) }).bytes()
	if _, _, err := convert(t, windowed, ConvertOptions{Modality: "CT"}); code(err) != "not_hounsfield" {
		t.Errorf("an 8-bit picture of a CT: %v, want not_hounsfield", err)
	}
}

// TestConvertPassesOn: an error that is not the file's is nobody's fault but
// the reader's, the writer's or the caller's.
func TestConvertPassesOn(t *testing.T) {
	broken := errors.New("the network is gone")
	file := zipped(good().bytes())
	if _, err := Convert(t.Context(), failing{bytes.NewReader(file), broken}, int64(len(file))+10, &bytes.Buffer{}, ConvertOptions{}); !errors.Is(err, broken) {
		t.Errorf("reader: %v, want %v", err, broken)
	}
	if _, err := Convert(t.Context(), bytes.NewReader(file), int64(len(file)), failingWriter{broken}, ConvertOptions{}); !errors.Is(err, broken) {
		t.Errorf("writer: %v, want %v", err, broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Convert(ctx, bytes.NewReader(file), int64(len(file)), &bytes.Buffer{}, ConvertOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("context: %v, want %v", err, context.Canceled)
	}
	if _, err := Convert(t.Context(), bytes.NewReader(file), volume.MaxObjectBytes+1, &bytes.Buffer{}, ConvertOptions{}); code(err) != "too_large" {
		t.Errorf("size: %v, want too_large", err)
	}
}

type failing struct {
	r   *bytes.Reader
	err error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > 100 {
		return 0, f.err
	}
	return f.r.ReadAt(p, off)
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }
