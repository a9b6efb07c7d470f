package upgrade

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/bus/topics"
	"github.com/iris-oculus/iris/internal/local/lambdas"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/store"
)

// importer reads the folders of a state folder of before the store (up to commit
// f678ae5). Every file there is whole, but for the last line of a journal; names
// that begin with a dot are of writes that were cut off.
type importer struct {
	dir   string
	store *store.Store
	log   *slog.Logger
}

func (i *importer) run() error {
	queues := map[string]string{
		"events/queue": bus.QueueBucket, "events/dead": bus.DeadBucket,
		"topics/queue": topics.QueueBucket, "topics/dead": topics.DeadBucket,
		"lambda/dead": lambdas.DeadBucket,
	}
	err := i.each("lambda/async", func(function string) error {
		queues["lambda/async/"+function] = lambdas.QueueBucket(function)
		return nil
	})
	if err != nil {
		return err
	}
	for folder, bucket := range queues {
		if err := i.letters(folder, bucket); err != nil {
			return err
		}
	}
	for _, step := range []func() error{i.rules, i.schedules, i.machines, i.executions, i.endpoints, i.announced} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// each visits the names in a folder; one that is not there has none.
func (i *importer) each(folder string, visit func(name string) error) error {
	entries, err := os.ReadDir(filepath.Join(i.dir, filepath.FromSlash(folder)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := visit(e.Name()); err != nil {
			return fmt.Errorf("%s/%s: %w", folder, e.Name(), err)
		}
	}
	return nil
}

// read decodes a file of JSON; found is false when it is not there.
func (i *importer) read(into any, path ...string) (found bool, err error) {
	text, err := os.ReadFile(filepath.Join(append([]string{i.dir}, path...)...))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	return true, err
}

// letters brings in a queue: a file for each letter, named by its number.
func (i *importer) letters(folder, bucket string) error {
	return i.each(folder, func(name string) error {
		number, err := strconv.ParseUint(strings.TrimSuffix(name, ".json"), 10, 64)
		if err != nil {
			i.log.Warn("a file that is no letter is not brought in", "folder", folder)
			return nil
		}
		var l outbox.Letter
		if _, err := i.read(&l, folder, name); err != nil {
			return err
		}
		b := &store.Batch{}
		b.Put(bucket, outbox.Key(number), l)
		return i.store.Write(b)
	})
}

// rules brings in the rules that clients made.
func (i *importer) rules() error {
	var list []bus.Rule
	if _, err := i.read(&list, "events", "rules.json"); err != nil {
		return fmt.Errorf("events/rules.json: %w", err)
	}
	b := &store.Batch{}
	for _, r := range list {
		if strings.HasPrefix(r.Schedule, "cron(") || strings.HasPrefix(r.Schedule, "at(") {
			i.log.Warn("a rule that a client made is not kept: schedules are rate(…)", "rule", r.Name, "schedule", r.Schedule)
			continue
		}
		b.Put(bus.RulesBucket, r.Name, r)
	}
	return i.store.Write(b)
}

func (i *importer) schedules() error {
	var due map[string]bus.Due
	if _, err := i.read(&due, "events", "schedules.json"); err != nil {
		return fmt.Errorf("events/schedules.json: %w", err)
	}
	b := &store.Batch{}
	for rule, d := range due {
		b.Put(bus.DueBucket, rule, d)
	}
	return i.store.Write(b)
}

func (i *importer) machines() error {
	return i.each("states/machines", func(name string) error {
		var m states.Machine
		if _, err := i.read(&m, "states", "machines", name); err != nil {
			return err
		}
		b := &store.Batch{}
		b.Put(states.MachineBucket, m.Name, m)
		return i.store.Write(b)
	})
}

// executions brings in journals: each line is its CRC-32 in hexadecimal, a space
// and the JSON of a header, a record, or the note that the end was announced.
func (i *importer) executions() error {
	return i.each("states/executions", func(name string) error {
		text, err := os.ReadFile(filepath.Join(i.dir, "states", "executions", name))
		if err != nil {
			return err
		}
		b, err := execution(text)
		if err != nil {
			return err
		}
		return i.store.Write(b)
	})
}

func execution(text []byte) (*store.Batch, error) {
	b := &store.Batch{}
	var sum states.Summary
	var key string
	lines := 0
	for len(text) > 0 {
		body, rest, whole := journalLine(text)
		if !whole {
			break // the crash cut it off
		}
		text = rest
		var l struct {
			states.Line
			Announced bool `json:"announced"`
		}
		if err := json.Unmarshal(body, &l); err != nil {
			return nil, err
		}
		switch {
		case l.Header != nil && lines == 0:
			sum = states.Summary{Name: l.Header.Name, Machine: l.Header.Machine, Start: l.Header.Start, Status: states.Running, Unannounced: true}
			key = states.ExecutionKey(sum.Machine, sum.Name)
		case lines == 0:
			return nil, errors.New("the journal has no header")
		case l.Announced:
			sum.Unannounced = false
			continue
		case l.Record != nil && l.Record.End != nil:
			sum.Status, sum.Stop, sum.Unannounced = l.Record.End.Status, l.Record.End.Time, true
		default:
			sum.Unannounced = false // the first record came after the start's event
		}
		b.Put(states.HistoryBucket, states.LineKey(key, lines), l.Line)
		lines++
	}
	if lines == 0 {
		return nil, errors.New("the journal has no header")
	}
	b.Put(states.ExecutionBucket, key, sum)
	return b, nil
}

func journalLine(text []byte) (body, rest []byte, whole bool) {
	line, rest, ended := bytes.Cut(text, []byte("\n"))
	sum, body, found := bytes.Cut(line, []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	return body, rest, ended && found && err == nil && uint32(want) == crc32.ChecksumIEEE(body)
}

// endpoints brings in a folder for each: endpoint.json, and a file in queue/ for
// each request.
func (i *importer) endpoints() error {
	return i.each("sagemaker", func(endpoint string) error {
		var r sagemaker.Record
		found, err := i.read(&r, "sagemaker", endpoint, "endpoint.json")
		if err != nil {
			return fmt.Errorf("endpoint.json: %w", err)
		}
		if !found {
			return nil
		}
		b := &store.Batch{}
		err = i.each("sagemaker/"+endpoint+"/queue", func(name string) error {
			var q sagemaker.Request
			if _, err := i.read(&q, "sagemaker", endpoint, "queue", name); err != nil {
				return err
			}
			r.Sequence = max(r.Sequence, q.Sequence)
			b.Put(sagemaker.RequestBucket, sagemaker.RequestKey(endpoint, q.Sequence), q)
			return nil
		})
		if err != nil {
			return err
		}
		b.Put(sagemaker.EndpointBucket, endpoint, r)
		return i.store.Write(b)
	})
}

// announced brings in which objects were announced: a line of JSON for each. An
// object whose line is lost is announced once more.
func (i *importer) announced() error {
	f, err := os.Open(filepath.Join(i.dir, "s3", "announced.log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	latest := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e struct{ Bucket, Key, Sequencer string }
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			name := bus.ObjectName(e.Bucket, e.Key)
			latest[name] = max(latest[name], e.Sequencer)
		}
	}
	b := &store.Batch{}
	for name, sequencer := range latest {
		b.Put(bus.ObjectsBucket, name, sequencer)
	}
	return errors.Join(lines.Err(), i.store.Write(b))
}
