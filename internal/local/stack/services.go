package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/bus/topics"
	"github.com/iris-oculus/iris/internal/local/gateway"
	"github.com/iris-oculus/iris/internal/local/gateway/apigw"
	"github.com/iris-oculus/iris/internal/local/gateway/calls"
	"github.com/iris-oculus/iris/internal/local/gateway/dynamo"
	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/internal/local/lambdas"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
	"github.com/iris-oculus/iris/internal/local/states"
)

// services are the emulated ones, in the order in which they need each other.
type services struct {
	s3        *s3.Server
	messages  chan struct{} // closed once the bus takes announcements
	dynamo    *dynamo.Server
	host      *lambdas.Host
	bus       *bus.Service
	topics    *topics.Service
	sagemaker *sagemaker.Service
	states    *states.Service
}

// environment is what a function needs to find the stack, and nothing else of
// this machine.
func (s *Stack) environment() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": s.AWS, "AWS_ACCESS_KEY_ID": s.key.ID, "AWS_SECRET_ACCESS_KEY": s.key.Secret,
		"IRIS_STATE_FOLDER":         s.state.root, // for a job's receipt
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
}

// build makes every service. Unfinished executions and requests go on at once;
// what they call waits until the endpoint is served.
func (s *Stack) build(ctx context.Context, api net.Listener) (_ *services, err error) {
	v := &services{messages: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, v.stop())
		}
	}()
	functions, err := s.cfg.functions(s.Template.Functions, s.environment())
	if err != nil {
		return nil, err
	}
	if _, err = os.Stat(s.jsonata()); err != nil {
		return nil, errors.New("build/node/node_modules lacks the npm packages that run the job table and the workflow: run `make build`")
	}
	if _, err = os.Stat(s.s3()); err != nil {
		return nil, errors.New("build/s3, the program that stores objects, is not there: run `make build`")
	}
	if err = s.buildStorage(ctx, v, api); err != nil {
		return nil, err
	}
	v.host, err = lambdas.New(lambdas.Config{
		Store: s.store, LogDir: s.state.path("logs"), Clock: s.cfg.Clock, Functions: functions,
		Region: Region, Account: Account, Logger: s.cfg.Logger,
		Watch: s.watcher.function, Line: s.watcher.set.Line, Sampled: s.watcher.spans != nil,
	})
	if err != nil {
		return nil, err
	}
	if err = s.buildMessages(v); err != nil {
		return nil, err
	}
	close(v.messages)
	if err = s.buildEndpoint(v); err != nil {
		return nil, err
	}
	return v, s.buildWorkflow(v)
}

func (s *Stack) buildStorage(ctx context.Context, v *services, api net.Listener) (err error) {
	v.s3, err = s3.New(ctx, s3.Config{
		Program: s.s3(), Dir: s.state.path("s3"), Socket: s.state.socket("s3"), Key: s.key, Region: Region,
		Buckets: buckets(s.Template.Buckets, origins(api)),
		// The bus is made later; a child that died before that announces what it finds.
		ObjectCreated: func(ctx context.Context, c s3.Created) error {
			select {
			case <-v.messages:
				return v.bus.ObjectCreated(ctx, object(c))
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		Reconcile: func(ctx context.Context, all []s3.Created) (int, error) {
			select {
			case <-v.messages:
				return v.bus.Reconcile(objects(all))
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		},
		Logger: s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	s.closing(v.s3.Close)
	v.dynamo, err = dynamo.New(ctx, dynamo.Config{
		Dir: s.state.path("dynamodb"), Socket: s.state.socket("dynamodb"), Modules: s.modules(), Region: Region,
		Tables: s.Template.Tables, Clock: s.cfg.Clock, Logger: s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	s.closing(v.dynamo.Close)
	return nil
}

func (s *Stack) modules() string { return filepath.Join(s.cfg.Build, "node", "node_modules") }

func (s *Stack) s3() string { return filepath.Join(s.cfg.Build, "s3") }

func (s *Stack) jsonata() string {
	return filepath.Join(s.modules(), "jsonata", "jsonata-es5.min.js")
}

func (s *Stack) buildEndpoint(v *services) error {
	endpoints, err := s.cfg.endpoints(s.Template)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.state.path("logs", "model.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("model log: %w", err)
	}
	s.closing(log.Close)
	v.sagemaker, err = sagemaker.New(sagemaker.Config{
		Store: s.store, Clock: s.cfg.Clock, Emit: v.bus.Emit, Publish: v.topics.Add, Endpoints: endpoints, Log: log,
		Bucket: func(name string) sagemaker.Objects { return v.s3.Objects(name) }, Watch: s.watcher.model,
	})
	return err
}

func (s *Stack) buildWorkflow(v *services) (err error) {
	v.states, err = states.New(states.Config{
		Store: s.store, Clock: s.cfg.Clock, Invoke: invoke(v.host), Emit: v.bus.Add,
		JSONataPath: s.jsonata(), Region: Region, Watch: s.watcher.execution, Account: Account, Logger: s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	for _, m := range s.Template.StateMachines {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(s.cfg.Template), filepath.FromSlash(m.Definition)))
		if err != nil {
			return fmt.Errorf("state machine %s: %w", m.ID, err)
		}
		definition, err := m.Substitute(string(text))
		if err != nil {
			return err
		}
		if _, err := v.states.CreateOrUpdate(m.Name, []byte(definition), "arn:aws:iam::"+Account+":role/"+Name+"-"+strings.ToLower(m.ID)+"role"); err != nil {
			return fmt.Errorf("state machine %s: %w", m.ID, err)
		}
		if m.Alias != "" {
			v.states.Alias(m.Name, m.Alias)
		}
	}
	return nil
}

// handlers are the two through which every request enters: AWS's and the HTTP API's, with the page beside it.
func (s *Stack) handlers(v *services, tokens apigw.Tokens, api, endpoint net.Listener) (http.Handler, http.Handler, error) {
	hosts := s.hosts(api, endpoint)
	aws := gateway.New(gateway.Config{
		Key: s.key, Region: Region, Account: Account, Hosts: hosts, S3: v.s3, WaitForDisk: waitForDisk(s.state.root),
		Services: map[string]http.Handler{
			"dynamodb": v.dynamo, "states": v.states, "events": v.bus, "sns": v.topics, "lambda": v.host,
			"sagemaker": v.sagemaker, "application-autoscaling": v.sagemaker,
		},
	})
	endpointHandler, err := s.recorded(aws)
	if err != nil {
		return nil, nil, err
	}
	adapter, err := apigw.New(apigw.Config{API: *s.Template.API, Hosts: hosts, Token: s.Token, Tokens: tokens, Throttled: tokens != nil || !loopback(api.Addr()), Invoke: v.host.Invoke, Logger: s.cfg.Logger})
	if err != nil {
		return nil, nil, err
	}
	front, err := s.withPage(s.measured(adapter), hosts)
	return endpointHandler, front, err
}

// signer is the folder of the function that signs URLs.
const signer = "api"

// recorded writes down what the functions ask for, if somebody wants to know.
func (s *Stack) recorded(aws http.Handler) (http.Handler, error) {
	if s.cfg.Calls == "" {
		return aws, nil
	}
	signs := ""
	for _, f := range s.Template.Functions {
		if f.Folder == signer {
			signs = f.Name
		}
	}
	r, err := calls.New(aws, s.cfg.Calls, Region, Account, signs)
	if err != nil {
		return nil, fmt.Errorf("record calls: %w", err)
	}
	s.closing(r.Close)
	return r, nil
}

// hosts are the names under which people reach the stack: those that it was
// told to listen on and, when others than this machine may come, its name.
func (s *Stack) hosts(listeners ...net.Listener) (hosts gateway.Hosts) {
	for _, address := range []string{s.cfg.HTTP, s.cfg.AWS} {
		if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	for _, l := range listeners {
		if name, err := os.Hostname(); err == nil && !loopback(l.Addr()) {
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// start lets queues, schedules and topics deliver.
func (v *services) start() {
	v.host.Start()
	v.bus.Start()
	v.topics.Start()
}

// stop ends what works by itself. The workflow comes first, so that it does not
// take a function's end for a failure; functions come last.
func (v *services) stop() error {
	var errs []error
	if v.states != nil {
		errs = append(errs, v.states.Close())
	}
	if v.bus != nil {
		errs = append(errs, v.bus.Close())
	}
	if v.sagemaker != nil {
		errs = append(errs, v.sagemaker.Close())
	}
	if v.topics != nil {
		errs = append(errs, v.topics.Close())
	}
	if v.host != nil {
		errs = append(errs, v.host.Close())
	}
	return errors.Join(errs...)
}
