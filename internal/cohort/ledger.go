package cohort

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/iris-oculus/iris/internal/job"
)

// Entry is what is known of a scan.
type Entry struct {
	// Print tells without reading a scan whether it is still the one that SHA256 is of:
	// sizes and times of its files.
	Print  string `json:"print,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	// Generation counts the jobs that were lost before this one: erased, or expired
	// without an upload.
	Generation int    `json:"generation,omitempty"`
	Job        string `json:"job,omitempty"`
	Sent       bool   `json:"sent,omitempty"` // the upload is complete
	End        *End   `json:"end,omitempty"`
	// EarlierUSD is what attempts and jobs before this one cost.
	EarlierUSD float64 `json:"earlier_usd,omitempty"`
}

// Spent is what all that is known of the scan cost.
func (e Entry) Spent() float64 {
	if e.End == nil {
		return e.EarlierUSD
	}
	return e.EarlierUSD + e.End.CostUSD
}

// End is how a job ended, as its record said.
type End struct {
	Status     job.Status      `json:"status"`
	Attempt    int             `json:"attempt"`
	Structures []job.Structure `json:"structures,omitempty"`
	Warnings   []string        `json:"warnings,omitempty"` // codes
	Error      *job.Notice     `json:"error,omitempty"`
	CostUSD    float64         `json:"cost_usd,omitempty"`
}

// IdempotencyKey is the key under which a scan is sent. The same content with the same
// options has the same key in every run of every cohort, so that a run that was killed
// after its request, or whose ledger was lost, finds the job that it made. The service
// keeps keys for a day, the ledger keeps the job's id for longer.
func (e Entry) IdempotencyKey(suffix string, options map[string]string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "iris cohort 1\n%s\n%s\n%d\n%s", e.SHA256, suffix, e.Generation, optionText(options)))
	return "cohort-" + hex.EncodeToString(sum[:])
}

// Ledger is a file that says what has become of the scans of a cohort. Each change is a
// line of JSON at its end and is on the disk before Put returns, so that a crash at any
// moment loses at most the line that was being written. One process has it at a time.
type Ledger struct {
	mu      sync.Mutex
	f       *os.File
	entries map[string]Entry
}

// ledgerLine is a line of the file. The first one has Cohort and API only.
type ledgerLine struct {
	Cohort int    `json:"cohort,omitempty"` // the file's version
	API    string `json:"api,omitempty"`
	Row    string `json:"row,omitempty"`
	Entry  *Entry `json:"entry,omitempty"`
}

const ledgerVersion = 1

func badLedger(format string, args ...any) error {
	return &Error{Code: "bad_ledger", Message: fmt.Sprintf(format, args...)}
}

// OpenLedger reads a ledger, or begins one, for jobs of the service at api. A ledger of
// another service is refused: its jobs are not there.
func OpenLedger(path, api string) (*Ledger, error) {
	f, err := openAlone(path)
	if err != nil {
		return nil, err
	}
	l := &Ledger{f: f, entries: map[string]Entry{}}
	if err := l.read(api); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// read takes what is in the file. A last line without its end was being written when the
// process was killed, and is cut off.
func (l *Ledger) read(api string) error {
	text, err := io.ReadAll(l.f)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole < len(text) {
		if whole == 0 && !bytes.HasPrefix([]byte(`{"cohort":`), text[:min(len(text), 10)]) {
			return badLedger("the file is not a ledger of `iris cohort`: name another with --ledger")
		}
		if err := errors.Join(l.f.Truncate(int64(whole)), l.f.Sync()); err != nil {
			return fmt.Errorf("repair the ledger: %w", err)
		}
	}
	if _, err := l.f.Seek(int64(whole), io.SeekStart); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	if whole == 0 {
		return l.append(ledgerLine{Cohort: ledgerVersion, API: api})
	}
	number := 0
	for line := range bytes.Lines(text[:whole]) {
		number++
		var in ledgerLine
		if err := json.Unmarshal(line, &in); err != nil {
			return badLedger("line %d is damaged", number)
		}
		switch {
		case number == 1 && in.Cohort != ledgerVersion:
			return badLedger("the file is not a ledger of this version of `iris cohort`: name another with --ledger")
		case number == 1 && in.API != api:
			return badLedger("the ledger is of the jobs of %s, not of %s: name another with --ledger", in.API, api)
		case number > 1 && (in.Row == "" || in.Entry == nil):
			return badLedger("line %d says nothing of a scan", number)
		case number > 1:
			l.entries[in.Row] = *in.Entry
		}
	}
	return nil
}

// Get is what is known of a row; the zero value where nothing is.
func (l *Ledger) Get(r Row) Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[r.Key()]
}

// Put keeps what is known of a row.
func (l *Ledger) Put(r Row, e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.append(ledgerLine{Row: r.Key(), Entry: &e}); err != nil {
		return err
	}
	l.entries[r.Key()] = e
	return nil
}

func (l *Ledger) append(line ledgerLine) error {
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	_, err = l.f.Write(append(text, '\n'))
	if err = errors.Join(err, l.f.Sync()); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}

// Close gives the file back.
func (l *Ledger) Close() error { return l.f.Close() }
