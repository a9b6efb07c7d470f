package jobtest

import (
	"context"

	"github.com/iris-oculus/iris/internal/job"
)

// Measure adds a sample to its class.
func (s *Store) Measure(_ context.Context, sample job.Sample) error {
	if err := s.before("Measure", string(sample.Class)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	s.took[sample.Class] = s.took[sample.Class].With(sample.Took)
	return nil
}

// Took gives the samples of classes, without those of which there are none.
func (s *Store) Took(_ context.Context, classes []job.Class) (map[job.Class]job.Samples, error) {
	if err := s.before("Took", ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	took := map[job.Class]job.Samples{}
	for _, c := range classes {
		if samples, ok := s.took[c]; ok {
			took[c] = samples
		}
	}
	return took, nil
}
