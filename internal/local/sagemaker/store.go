package sagemaker

import (
	"fmt"
	"slices"

	"github.com/iris-oculus/iris/internal/local/store"
)

// The buckets of the store that are the service's own.
const (
	EndpointBucket = "sagemaker.endpoints" // name → Record
	RequestBucket  = "sagemaker.requests"  // RequestKey → Request
)

// RequestKey names a request in the store; AWS's names of endpoints have no slash.
func RequestKey(endpoint string, sequence int64) string {
	return fmt.Sprintf("%s/%012d", endpoint, sequence)
}

// read fills in what the store knows of an endpoint.
func (e *endpoint) read() error {
	r, found, err := store.Get[Record](e.store, EndpointBucket, e.Name)
	if err != nil {
		return err
	}
	if found {
		e.Record = r
		// Earlier versions had step scaling too.
		e.Policies = slices.DeleteFunc(r.Policies, func(p policy) bool { return p.TargetValue <= 0 })
	}
	return store.Each(e.store, RequestBucket, e.Name+"/", func(_ string, q Request) error {
		e.queue = append(e.queue, &q)
		return nil
	})
}

// save makes next the endpoint's record, on disk first.
func (e *endpoint) save(next Record) error {
	b := &store.Batch{}
	b.Put(EndpointBucket, e.Name, next)
	if err := e.store.Write(b); err != nil {
		return err
	}
	e.Record = next
	return nil
}

// removal is a batch that removes a request.
func (e *endpoint) removal(sequence int64) *store.Batch {
	b := &store.Batch{}
	b.Delete(RequestBucket, RequestKey(e.Name, sequence))
	return b
}
