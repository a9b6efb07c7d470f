package tissue

// The bands of adipose and of muscle tissue that body composition studies use
// (Mitsiopoulos 1998, doi 10.1152/jappl.1998.85.1.115; Aubrey 2014, doi
// 10.1111/apha.12224), in HU. The second also holds other lean tissue.
const (
	fatLow, fatHigh       = -190, -30
	muscleLow, muscleHigh = -29, 150
)

// grainMM is the radius below which a patch is partial volume, not tissue.
const grainMM = 1

// sliverMM is half the thickness below which what is left is not tissue of its
// own, sliverSteps how many voxels deep it goes with its neighbours.
const (
	sliverMM    = 3
	sliverSteps = 3
)

// soft tells fat from lean tissue in what the other masks leave.
func (s *scan) soft(t *tissues) (fat, muscle *mask) {
	rest := t.inside.clone().minus(t.skin).minus(t.bone).minus(t.left).minus(t.right).minus(t.airway)
	grain := s.ball(grainMM, 1)
	fat = s.smoothBetween(fatLow, fatHigh).and(rest).open(grain)
	muscle = s.smoothBetween(muscleLow, muscleHigh).and(rest).open(grain)

	// Where tissue meets air or bone a voxel holds both, and its value is that of
	// neither: what is more tissue than air goes with its neighbour.
	voxel := s.ball(0, 1)
	rim := s.between(hollowHigh, highest).and(rest).minus(fat).minus(muscle)
	muscle.or(muscle.dilate(voxel).and(rim))
	fat.or(fat.dilate(voxel).and(rim).minus(muscle))

	// What is still left and as thin as a sliver lies between two tissues: no
	// organ, and nothing that anybody prints.
	left := rest.minus(fat).minus(muscle)
	slivers := left.clone().minus(left.open(s.ball(sliverMM, 1)))
	for range sliverSteps {
		muscle.or(muscle.dilate(voxel).and(slivers))
		fat.or(fat.dilate(voxel).and(slivers).minus(muscle))
		slivers.minus(muscle).minus(fat)
	}
	return fat, muscle
}
