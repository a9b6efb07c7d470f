package j2k

// Progression orders (table A.16).
const (
	orderLRCP = iota
	orderRLCP
	orderRPCL
	orderPCRL
	orderCPRL
)

// maxIdle bounds how often progression order changes may name a precinct without a packet
// for it, per precinct: a stream of few bytes could name them for hours.
const maxIdle = 512

// sequence visits the packets of a tile in the order in which they come (B.12).
type sequence struct {
	area        rect // of the tile
	resolutions []resolution
	idle        int
	packet      func(r *resolution, precinct, layer int) error
}

// run visits every packet. bytes is how many there are for packet headers, each of which
// has one at least. Progression order changes that leave packets out make an error, for
// the image would lack them.
func (s *sequence) run(p *params, bytes int) error {
	precincts, layers := 0, p.tilewide.layers
	for i := range s.resolutions {
		precincts += s.resolutions[i].wide * s.resolutions[i].high
	}
	if precincts > bytes/layers { // before memory is allocated for them
		return corrupt("is cut: it has %d bytes for %d precincts in %d layers", bytes, precincts, layers)
	}
	for i := range s.resolutions {
		r := &s.resolutions[i]
		r.precincts, r.next = make([]*precinct, r.wide*r.high), make([]uint16, r.wide*r.high)
	}
	if len(p.changes) == 0 {
		return s.span(span{order: p.tilewide.order, toRes: len(s.resolutions), toLayer: layers})
	}
	s.idle = maxIdle*precincts + 1<<20
	for _, c := range p.changes {
		c.toRes, c.toLayer = min(c.toRes, len(s.resolutions)), min(c.toLayer, layers)
		if s.idle -= 1 + c.toRes; s.idle < 0 {
			break
		}
		if err := s.span(c); err != nil {
			return err
		}
	}
	if s.idle < 0 {
		return corrupt("repeats its progression order changes without end")
	}
	for i := range s.resolutions {
		for _, next := range s.resolutions[i].next {
			if int(next) < layers {
				return corrupt("has progression order changes that leave packets out")
			}
		}
	}
	return nil
}

func (s *sequence) span(c span) error {
	if c.fromRes >= c.toRes {
		return nil
	}
	switch c.order {
	case orderLRCP:
		for layer := s.firstLayer(c); layer < c.toLayer; layer++ {
			for i := c.fromRes; i < c.toRes; i++ {
				if err := s.layer(&s.resolutions[i], layer); err != nil {
					return err
				}
			}
		}
	case orderRLCP:
		for i := c.fromRes; i < c.toRes; i++ {
			one := span{fromRes: i, toRes: i + 1, toLayer: c.toLayer}
			for layer := s.firstLayer(one); layer < c.toLayer; layer++ {
				if err := s.layer(&s.resolutions[i], layer); err != nil {
					return err
				}
			}
		}
	case orderRPCL: // of one resolution of one component: row by row
		for i := c.fromRes; i < c.toRes; i++ {
			r := &s.resolutions[i]
			for p := range r.next {
				if err := s.layers(r, p, c.toLayer); err != nil {
					return err
				}
			}
		}
	default: // with one component PCRL and CPRL are the same
		return s.byPosition(c)
	}
	return nil
}

// firstLayer is the first layer that is not complete within a span.
func (s *sequence) firstLayer(c span) int {
	first := c.toLayer
	for i := c.fromRes; i < c.toRes; i++ {
		s.idle -= len(s.resolutions[i].next) / 8
		for _, next := range s.resolutions[i].next {
			first = min(first, int(next))
		}
	}
	return first
}

// layer visits one layer of all precincts of a resolution.
func (s *sequence) layer(r *resolution, layer int) error {
	for p, next := range r.next {
		if int(next) != layer { // an earlier span had it
			s.idle--
			continue
		}
		r.next[p]++
		if err := s.packet(r, p, layer); err != nil {
			return err
		}
	}
	return nil
}

// layers visits the layers of one precinct that have not come.
func (s *sequence) layers(r *resolution, p, to int) error {
	s.idle--
	for int(r.next[p]) < to {
		layer := int(r.next[p])
		r.next[p]++
		if err := s.packet(r, p, layer); err != nil {
			return err
		}
	}
	return nil
}

// byPosition visits precincts by the position of their first sample on the reference
// grid, row by row, and at one position by resolution (B.12.1.4, B.12.1.5).
func (s *sequence) byPosition(c span) error {
	var rows, columns [maxLevels + 1]int // cursors
	const none = int(^uint(0) >> 1)
	for {
		y := none
		for i := c.fromRes; i < c.toRes; i++ {
			if r := &s.resolutions[i]; rows[i] < r.high {
				y = min(y, r.rowAt(rows[i], s.area.y0))
			}
		}
		if y == none {
			return nil
		}
		var here [maxLevels + 1]bool
		for i := c.fromRes; i < c.toRes; i++ {
			r := &s.resolutions[i]
			here[i] = rows[i] < r.high && r.rowAt(rows[i], s.area.y0) == y
			columns[i] = 0
		}
		for {
			x := none
			for i := c.fromRes; i < c.toRes; i++ {
				if r := &s.resolutions[i]; here[i] && columns[i] < r.wide {
					x = min(x, r.columnAt(columns[i], s.area.x0))
				}
			}
			if x == none {
				break
			}
			for i := c.fromRes; i < c.toRes; i++ {
				r := &s.resolutions[i]
				if !here[i] || columns[i] >= r.wide || r.columnAt(columns[i], s.area.x0) != x {
					continue
				}
				if err := s.layers(r, rows[i]*r.wide+columns[i], c.toLayer); err != nil {
					return err
				}
				columns[i]++
			}
		}
		for i := range here {
			if here[i] {
				rows[i]++
			}
		}
	}
}
