package store

import "time"

func init() { lockTimeout = 50 * time.Millisecond }
