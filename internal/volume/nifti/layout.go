package nifti

import (
	"encoding/binary"
	"math"
)

// fields reads numbers at fixed places of a header.
type fields struct {
	raw   []byte
	order binary.ByteOrder
}

func (f fields) i16(at int) int     { return int(int16(f.order.Uint16(f.raw[at:]))) }
func (f fields) i32(at int) int     { return int(int32(f.order.Uint32(f.raw[at:]))) }
func (f fields) i64(at int) int64   { return int64(f.order.Uint64(f.raw[at:])) }
func (f fields) f32(at int) float64 { return float64(math.Float32frombits(f.order.Uint32(f.raw[at:]))) }
func (f fields) f64(at int) float64 { return math.Float64frombits(f.order.Uint64(f.raw[at:])) }

// layout1 reads a NIfTI-1 header (nifti1.h, 348 bytes).
func (f fields) layout1() layout {
	l := layout{
		datatype: f.i16(70), bitpix: f.i16(72), offset: f.f32(108), slope: f.f32(112), inter: f.f32(116),
		units: int(f.raw[123]), intent: f.i16(68), qform: f.i16(252), sform: f.i16(254), smallest: size1 + 4,
	}
	for n := range 8 {
		l.dim[n] = int64(f.i16(40 + 2*n))
		l.pixdim[n] = f.f32(76 + 4*n)
	}
	for n := range 3 {
		l.quaternion[n], l.origin[n] = f.f32(256+4*n), f.f32(268+4*n)
	}
	for n := range l.rows {
		l.rows[n] = f.f32(280 + 4*n)
	}
	return l
}

// layout2 reads a NIfTI-2 header (nifti2.h, 540 bytes).
func (f fields) layout2() layout {
	l := layout{
		datatype: f.i16(12), bitpix: f.i16(14), offsetExact: f.i64(168), slope: f.f64(176), inter: f.f64(184),
		units: f.i32(500), intent: f.i32(504), qform: f.i32(344), sform: f.i32(348), smallest: size2 + 4,
	}
	for n := range 8 {
		l.dim[n] = f.i64(16 + 8*n)
		l.pixdim[n] = f.f64(104 + 8*n)
	}
	for n := range 3 {
		l.quaternion[n], l.origin[n] = f.f64(352+8*n), f.f64(376+8*n)
	}
	for n := range l.rows {
		l.rows[n] = f.f64(400 + 8*n)
	}
	return l
}
