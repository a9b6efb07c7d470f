package stack

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/iris-oculus/iris/internal/local/durable"
	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// credentials reads the stack's key from an AWS shared-credentials file, or
// makes one with a random key, readable by its owner alone.
func credentials(path string) (sigv4.Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		k := sigv4.Key{ID: "IRIS" + rand.Text()[:16], Secret: rand.Text() + rand.Text()[:14]}
		file := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.ID, k.Secret)
		if err := durable.WriteFile(path, []byte(file)); err != nil {
			return k, fmt.Errorf("write credentials: %w", err)
		}
		return k, os.Chmod(path, 0o600)
	}
	if err != nil {
		return sigv4.Key{}, fmt.Errorf("read credentials: %w", err)
	}
	var k sigv4.Key
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, "=")
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			k.ID = strings.TrimSpace(value)
		case "aws_secret_access_key":
			k.Secret = strings.TrimSpace(value)
		}
	}
	if k.ID == "" || k.Secret == "" {
		return k, errors.New("read credentials: the file lacks aws_access_key_id or aws_secret_access_key: remove it, and a new key is made")
	}
	return k, os.Chmod(path, 0o600)
}

// secret reads a random token, or makes one.
func secret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(text))) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := rand.Text()
	if err := durable.WriteFile(path, []byte(token+"\n")); err != nil {
		return "", fmt.Errorf("write token: %w", err)
	}
	return token, os.Chmod(path, 0o600)
}
