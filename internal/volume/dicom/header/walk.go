package header

// level is one open sequence or item.
type level struct {
	end      int64 // position at which it ends; endless: -1
	item     bool
	raw      bool   // items are fragments of bytes, not data sets
	implicit bool   // no VRs inside
	unsure   bool   // of a sequence: its items may have VRs all the same
	group    *Frame // takes the attributes inside; nil when they are not needed
	frames   bool   // items are frames, one Frame each
	table    bool   // items are a modality LUT
}

// walker goes through one data set without recursion.
type walker struct {
	c     *cursor
	h     *Header
	stack []level
	count int
	seen  map[tag]uint64 // of the data set's own elements that stand for one value: a hash of it
}

// walk reads elements until the pixel data or the end of the file.
func (w *walker) walk(implicit bool) error {
	root := level{end: w.c.end, item: true, implicit: implicit, group: &w.h.Root}
	for {
		if err := w.closeEnded(); err != nil {
			return err
		}
		if len(w.stack) == 0 && w.atEnd() {
			return nil
		}
		w.count++
		if w.count > MaxElements+perFrameElements*min(w.h.NumberOfFrames, MaxFrames) || w.c.pos > MaxBytes {
			return corrupt("its header has no end")
		}
		top := root
		if n := len(w.stack); n > 0 {
			top = w.stack[n-1]
		}
		e, err := w.c.next(top.implicit)
		if err != nil {
			return err
		}
		done, err := w.element(e, top)
		if done || err != nil {
			return err
		}
	}
}

// atEnd says whether fewer bytes are left than an element has. They are padding, which
// some writers add to a file.
func (w *walker) atEnd() bool {
	b, err := w.c.peek(8)
	return err == nil && len(b) < 8
}

func (w *walker) closeEnded() error {
	for len(w.stack) > 0 {
		end := w.stack[len(w.stack)-1].end
		if end < 0 || w.c.pos < end {
			return nil
		}
		if w.c.pos > end {
			return corrupt("an element reaches over the end of its sequence")
		}
		w.stack = w.stack[:len(w.stack)-1]
	}
	return nil
}

func (w *walker) element(e element, top level) (done bool, err error) {
	switch {
	case e.tag == tagItemEnd || e.tag == tagSequenceEnd:
		return false, w.closeAt(e.tag == tagItemEnd)
	case e.tag == tagItem:
		return false, w.openItem(e, top)
	case !top.item:
		return false, corrupt("a sequence holds something that is no item")
	case len(w.stack) == 0 && (e.tag == tagPixels || e.tag == tagFloatPixels || e.tag == tagDoublePixels):
		return true, w.pixels(e)
	case e.length == endless:
		return false, w.openSequence(e, top, -1)
	case w.scope(e.tag, top) != nil || e.tag == tagModalityLUT && len(w.stack) == 0:
		if int64(e.length) > w.c.left() {
			return false, w.c.short()
		}
		return false, w.openSequence(e, top, w.c.pos+int64(e.length))
	}
	return false, w.value(e, top)
}

// closeAt ends the innermost endless item (or sequence). Delimiters that close
// nothing are passed over: some writers add them to sequences of known length.
func (w *walker) closeAt(item bool) error {
	for n := len(w.stack) - 1; n >= 0; n-- {
		if l := w.stack[n]; l.end >= 0 {
			return nil
		} else if l.item == item {
			w.stack = w.stack[:n]
			return nil
		} else if !item {
			continue // a sequence delimiter also ends an item left open inside
		}
		return nil
	}
	return nil
}

func (w *walker) openItem(e element, top level) error {
	if len(w.stack) == 0 || top.item {
		return corrupt("an item lies outside a sequence")
	}
	if top.raw {
		return w.c.skip(int64(e.length))
	}
	l := level{end: -1, item: true, implicit: top.implicit, group: top.group}
	if e.length != endless {
		if int64(e.length) > w.c.left() {
			return w.c.short()
		}
		l.end = w.c.pos + int64(e.length)
	}
	if top.unsure {
		explicit, err := w.c.explicitItem()
		if err != nil {
			return err
		}
		l.implicit = !explicit
	}
	w.h.ModalityLUT = w.h.ModalityLUT || top.table
	if top.frames {
		if len(w.h.PerFrame) >= MaxFrames {
			return corrupt("it has more frames than a scan can have")
		}
		w.h.PerFrame = append(w.h.PerFrame, Frame{})
		l.group = &w.h.PerFrame[len(w.h.PerFrame)-1]
	}
	return w.push(l)
}

func (w *walker) openSequence(e element, top level, end int64) error {
	l := level{end: end, implicit: top.implicit || e.vr == "UN" || e.vr == "", group: w.scope(e.tag, top)}
	l.unsure = l.implicit && !top.implicit
	l.raw = e.vr == "OB" || e.vr == "OW" // encapsulated pixels of an icon
	l.frames = e.tag == tagPerFrame && l.group != nil
	l.table = e.tag == tagModalityLUT && len(w.stack) == 0
	return w.push(l)
}

func (w *walker) push(l level) error {
	if len(w.stack) >= 2*MaxDepth { // a sequence and its item make one level of depth
		return corrupt("its sequences are nested too deeply")
	}
	w.stack = append(w.stack, l)
	return nil
}

// scope is the frame that takes the attributes inside sequence t, or nil when the
// sequence holds none that are needed.
func (w *walker) scope(t tag, top level) *Frame {
	switch t {
	case tagShared, tagPerFrame:
		if len(w.stack) == 0 {
			return &w.h.Shared // items of per-frame groups get their own
		}
	case tagPlanePositions, tagPlaneOrients, tagPixelMeasures, tagPixelTransforms,
		tagMRFrameTypes, tagCTFrameTypes, tagPETFrameTypes, tagFrameContent:
		if len(w.stack) == 2 { // directly in an item of the shared or per-frame groups
			return top.group
		}
	}
	return nil
}
