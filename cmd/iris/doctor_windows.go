package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// machine looks at what the commands of a client need: nothing of the stack runs here.
func machine(_ context.Context, _, _ string) []finding {
	return []finding{
		{"stack", note, "`iris up` runs on Linux and macOS only; every other command works here", "wsl --install"},
		disk(os.TempDir(), "the folder for temporary files"),
	}
}

// freeBytes is the room on the disk that holds a folder.
func freeBytes(folder string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("ask for the room: %w", err)
	}
	return free, nil
}

// withoutEffect has nothing to say where no stack runs.
func withoutEffect(string) ([]string, error) { return nil, nil }

// setClock is the command that sets this machine's clock.
const setClock = "w32tm /resync (as administrator)"

// unset is the command that forgets a variable of the environment.
func unset(name string) string { return "Remove-Item Env:" + name }

// export is the command that sets a variable of the environment.
func export(name, value string) string { return fmt.Sprintf("$Env:%s = %q", name, value) }
