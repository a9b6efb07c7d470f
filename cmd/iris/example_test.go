package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
)

// The client asks the HTTP API about one job. It sends the caller's token, and gives
// back both what it read of the answer and the answer's own bytes.
func Example_client() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id": "01JD0000000000000000000001", "status": "ready", "attempt": 1}`)
	}))
	defer service.Close()
	c := &client{base: service.URL, token: "secret", http: service.Client()}
	v, _, err := c.job(context.Background(), "01JD0000000000000000000001")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.ID, v.Status, "attempt", v.Attempt)
	// Output:
	// GET /v1/jobs/01JD0000000000000000000001 Bearer secret
	// 01JD0000000000000000000001 ready attempt 1
}
