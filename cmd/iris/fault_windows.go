package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

// systemCode is the code of an error that only one operating system has; empty for none.
func systemCode(err error) (code string) {
	var number windows.Errno
	if !errors.As(err, &number) {
		return ""
	}
	switch number {
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED:
		code = "disk_full"
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_USER_MAPPED_FILE:
		code = "file_in_use"
	case windows.ERROR_WRITE_PROTECT:
		code = "not_allowed"
	case windows.ERROR_DIRECTORY, windows.ERROR_BAD_PATHNAME, windows.ERROR_BAD_NETPATH, windows.ERROR_BAD_NET_NAME:
		code = "not_found"
	case windows.ERROR_INVALID_NAME, windows.ERROR_FILENAME_EXCED_RANGE:
		code = "bad_name"
	}
	return code
}
