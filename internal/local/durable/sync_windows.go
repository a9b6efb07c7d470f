package durable

// SyncDir does nothing: Windows syncs no folder, and NTFS writes names to its journal
// before a rename returns.
func SyncDir(string) error { return nil }
