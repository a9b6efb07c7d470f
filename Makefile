# IRIS Oculus. `make run` does the main job on a scan, `make test` passes everything.
# Both install what they need; the caches lie outside the checkout.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

CACHE     ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/iris
FUNCTIONS := intake prepare glimpse gpu segment segmented mesh settle export notify api
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The same flags for building and testing, so that nothing is compiled twice.
export CGO_ENABLED := 0
export GOFLAGS     := -trimpath
# The SDK waits for a network, so that its calls need not be inlined: 0.4 MB of each program;
# 0.7 MB of iris are those of the interpreter of JSONata, which works for milliseconds a job.
GOBUILD   := go build -gcflags=github.com/aws/...=-l -gcflags=github.com/dop251/goja/...=-l -ldflags '-s -w -X main.version=$(VERSION)'

GOLANGCI    := $(CACHE)/golangci-lint-v2.14.0
GOVULNCHECK := $(CACHE)/govulncheck-v1.8.0

# A virtual environment per purpose, named by a hash of its requirements.
venv = $(CACHE)/venv-$(shell sha256sum $(1) | cut -c1-12)
E2E_VENV = $(call venv,tests/e2e/requirements.txt)

.PHONY: test-phantoms build package probe run test unit race e2e schema lint vuln bench soak fuzz crossings clean
.DEFAULT_GOAL := build
build: build/node/.installed web/packed/index.html.gz $(FUNCTIONS:%=build/%/bootstrap) build/tissue build/s3 bin/iris

# Go decides what is stale; these rules always run and cost little when nothing changed.
# iris speaks HTTP/1.1 with everything, so it is built without HTTP/2 (0.56 MB).
.PHONY: always
bin/iris: always web/packed/index.html.gz
	@$(GOBUILD) -tags nethttpomithttp2 -o $@ ./cmd/iris
build/tissue: always
	@$(GOBUILD) -o $@ ./containers/tissue
# S3 is a module of its own: its clients of other systems stay out of go.mod.
build/s3: always
	@cd s3 && $(GOBUILD) -o ../$@ .
build/%/bootstrap: always
	@$(GOBUILD) -tags lambda.norpc -o $@ ./functions/$*

build/node/.installed: internal/local/node/package.json internal/local/node/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install nodejs npm"; exit 1; }
	mkdir -p build/node && cp internal/local/node/package*.json build/node/
	npm ci --prefix build/node --no-audit --no-fund --loglevel=error && touch $@

# The page, built, held to its budgets and packed for bin/iris.
.PHONY: web
web: web/packed/index.html.gz
WEB_SOURCES := $(shell find web \( -path web/node_modules -o -path web/dist -o -path web/packed -o -path web/tests \) -prune -o \
  -type f ! -name '*.go' ! -name '*.test.*' ! -name '*.md' ! -name biome.json ! -name customHttp.yml -print)
web/packed/index.html.gz: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install nodejs npm"; exit 1; }
	cd web && npm ci --no-audit --no-fund --loglevel=error

# What `sam build` and `sam deploy` take, in a folder of its own: the functions for
# Lambda's processor, whatever this machine's is, each checked by its ELF header.
LAMBDA_ARCH ?= arm64
ELF_arm64   := b7
ELF_amd64   := 3e
package: build/node/.installed
	@[ -n "$(ELF_$(LAMBDA_ARCH))" ] || { echo "LAMBDA_ARCH: want arm64 or amd64"; exit 1; }
	rm -rf build/aws && mkdir -p build/aws && cp -r template.yaml statemachine build/aws/
	@for f in $(FUNCTIONS); do \
	  GOOS=linux GOARCH=$(LAMBDA_ARCH) $(GOBUILD) -tags lambda.norpc -o build/aws/build/$$f/bootstrap ./functions/$$f; \
	  elf=$$(od -An -tx1 -j18 -N1 build/aws/build/$$f/bootstrap | tr -d ' '); \
	  [ "$$elf" = "$(ELF_$(LAMBDA_ARCH))" ] || { echo "build/aws/build/$$f/bootstrap is not for $(LAMBDA_ARCH): its ELF machine is 0x$$elf"; exit 1; }; \
	done
	@echo "build/aws holds template.yaml, statemachine/ and the functions for $(LAMBDA_ARCH)"

# On AWS (docs/deploy.md). Each says what it will do, what it costs and how it is undone, and
# asks before it does it; CONFIRM=1 says yes, and without a terminal nobody is asked. STACK,
# PARAMS='Name=value …', PARAMS_FILE, AWS_REGION and AWS_PROFILE choose.
.PHONY: deploy deploy-model deploy-web domain quota-check smoke destroy
build/deploy: always
	@$(GOBUILD) -o $@ ./cmd/deploy
deploy: package build/deploy
	@build/deploy stack -arch $(LAMBDA_ARCH)
deploy-model: package build/deploy bin/iris
	@build/deploy model -tag $(VERSION)
deploy-web: build/deploy web/node_modules/.package-lock.json
	@build/deploy web
domain: package build/deploy
	@build/deploy domain
quota-check: build/deploy
	@build/deploy quota
smoke: build/deploy
	@build/deploy smoke
destroy: build/deploy bin/iris
	@build/deploy destroy

SECURITY_VENV = $(call venv,tests/security/requirements.txt)
$(SECURITY_VENV)/.installed: tests/security/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

# Archives of iris for Linux, macOS and Windows, with completion scripts, man pages, SBOMs
# and checksums, in build/dist. `make dist-twice` makes them twice and compares the bytes.
GORELEASER := $(CACHE)/goreleaser-v2.12.7
CYCLONEDX  := $(CACHE)/cyclonedx-gomod-v1.9.0
$(GORELEASER):
	mkdir -p $(CACHE) && GOBIN=$(CACHE)/bin go install github.com/goreleaser/goreleaser/v2@v2.12.7 && mv $(CACHE)/bin/goreleaser $@
$(CYCLONEDX):
	mkdir -p $(CACHE) && GOBIN=$(CACHE)/bin go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0 && mv $(CACHE)/bin/cyclonedx-gomod $@

COMMIT_EPOCH = $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
.PHONY: dist dist-twice sbom share
dist: export IRIS_VERSION := $(VERSION)
dist: export IRIS_EPOCH = $(COMMIT_EPOCH)
dist: export IRIS_DATE = $(shell date -u -d @$(COMMIT_EPOCH) +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r $(COMMIT_EPOCH) +%Y-%m-%dT%H:%M:%SZ)
dist: export CYCLONEDX := $(CYCLONEDX)
dist: $(GORELEASER) $(CYCLONEDX) web/packed/index.html.gz
	$(GORELEASER) release --snapshot --clean --skip=publish,announce,validate
	$(MAKE) sbom
	cp build/sbom/*.cdx.json build/dist/ && (cd build/sbom && sha256sum *.cdx.json) >> build/dist/checksums.txt
# What no linker writes down: Go's modules, the page, the workflow's packages, the model's.
sbom: export IRIS_DATE = $(shell date -u -d @$(COMMIT_EPOCH) +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r $(COMMIT_EPOCH) +%Y-%m-%dT%H:%M:%SZ)
sbom: export CYCLONEDX := $(CYCLONEDX)
sbom: $(CYCLONEDX) $(SECURITY_VENV)/.installed
	CYCLONEDX_PY=$(SECURITY_VENV)/bin/cyclonedx-py tests/dist/sboms.sh build/sbom
dist-twice:
	$(MAKE) dist && cp build/dist/checksums.txt build/checksums.first && $(MAKE) dist
	tests/dist/compare.sh build/checksums.first build/dist/checksums.txt

# Completion scripts and man pages, made of the commands themselves.
share: bin/iris
	rm -rf build/share && mkdir -p build/share/completions
	for shell in bash zsh fish powershell; do bin/iris completion $$shell > build/share/completions/iris.$$shell; done
	mv build/share/completions/iris.zsh build/share/completions/_iris && mv build/share/completions/iris.powershell build/share/completions/iris.ps1
	SOURCE_DATE_EPOCH=$(COMMIT_EPOCH) go test -count=1 -run '^TestManPages$$' ./cmd/iris -man $(CURDIR)/build/share/man

# The Windows program itself, run by Wine: apt-get install --no-install-recommends wine64
# (104 MB, 700 MB unpacked), so not in make test.
WINE ?= $(firstword $(wildcard /usr/lib/wine/wine64 /usr/bin/wine64) wine64)
.PHONY: windows
windows:
	GOOS=windows GOARCH=amd64 $(GOBUILD) -tags nethttpomithttp2 -o build/windows/iris.exe ./cmd/iris
	IRIS_WINE=$(WINE) go test -count=1 -v -timeout 20m ./tests/windows

# Which capacity lever the account honours: for the first deployment, on an endpoint that nobody uses.
ENDPOINT ?= iris-totalsegmentator-endpoint
probe:
	go run ./cmd/probe -endpoint $(ENDPOINT)

# What a scan costs under each way of letting the GPU sleep: docs/cost.md and its plot.
.PHONY: simulate
simulate:
	go run ./cmd/simulate

# The main job: a scan (SCAN=file, else a synthetic torso) becomes a model.
run: build
	@tests/run.sh $(SCAN)

test: build unit race differential-short e2e test-python

# What iris may weigh without the page, .golangci.yml says what makes it heavy, and the page
# in it (decision 29).
IRIS_BYTES := 25000000
PAGE_BYTES := 800000

# A skip that tests/skips/list.txt does not name is a failure.
unit: build/contract/.installed build/node/.installed build/s3 bin/iris
	@page=$$(find web/packed -type f -printf '%s\n' | awk '{ s += $$1 } END { print s }'); size=$$(($$(wc -c < bin/iris) - page)); \
	  echo "bin/iris: $$size of $(IRIS_BYTES) bytes, and the page in it $$page of $(PAGE_BYTES)"; \
	  [ $$size -le $(IRIS_BYTES) ] && [ $$page -le $(PAGE_BYTES) ] || { echo "too many"; exit 1; }
	cd web && npm run --silent test
	go vet ./...
	cd s3 && go vet ./...
	go test -json -timeout 60m ./... | go run ./tests/skips
	(cd s3 && go test -json -timeout 60m ./...) | go run ./tests/skips

# The race detector where goroutines meet: all tests of the services, and of the
# engine, which it slows ten times, those whose names say that several workers share
# the work. No test depends on how fast the machine is: the timeouts end only what
# would never end.
WORKERS := ForAny|Workers|Threads|AtOnce
race: build/s3
	cd s3 && CGO_ENABLED=1 go test -race -short -timeout 60m ./...
	CGO_ENABLED=1 go test -race -short -timeout 60m $$(go list ./internal/local/... ./internal/stage/... ./internal/api/... ./internal/cloud/... ./internal/volume/dicom ./internal/meshfile/deflate | grep -v -e stage/mesh -e stage/export)
	CGO_ENABLED=1 go test -race -short -timeout 60m -run '$(WORKERS)' ./internal/surface/... ./internal/meshfile/... ./internal/volume
	CGO_ENABLED=1 go test -race -short -timeout 60m -run 'TestArtifactsSayTheSame' ./internal/stage/mesh
	CGO_ENABLED=1 go test -race -short -timeout 60m -run 'TestEveryFormat' ./internal/stage/export

build/contract/.installed: tests/contract/package.json tests/contract/package-lock.json
	npm ci --prefix tests/contract --no-audit --no-fund --loglevel=error && mkdir -p build/contract && touch $@

$(E2E_VENV)/.installed: tests/e2e/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

# Schemathesis sends what openapi.json allows and what it forbids to a stack of its own.
SCHEMA_VENV = $(call venv,tests/schema/requirements.txt)
$(SCHEMA_VENV)/.installed: tests/schema/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

# The page in Debian's browser; pictures of its states lie in out/web afterwards.
CHROMIUM ?= chromium

schema: build $(SCHEMA_VENV)/.installed
	IRIS_E2E=1 IRIS_SCHEMATHESIS=$(SCHEMA_VENV)/bin/schemathesis go test -count=1 -v -timeout 20m ./tests/schema

# tests/chaos needs no stack and has run among the unit tests.
e2e: build build/contract/.installed $(E2E_VENV)/.installed $(SCHEMA_VENV)/.installed
	@command -v $(CHROMIUM) >/dev/null || apt-get install -y chromium
	@command -v groff >/dev/null || apt-get install -y groff-base # the AWS CLI shows its help with it
	cd web && CHROMIUM=$$(command -v $(CHROMIUM)) npm run --silent e2e
	IRIS_E2E=1 IRIS_SCHEMATHESIS=$(SCHEMA_VENV)/bin/schemathesis IRIS_PYTHON=$(E2E_VENV)/bin/python go test -json -count=1 -timeout 60m $$(go list ./tests/... | grep -v -e /tests/chaos) | go run ./tests/skips

# The Python client: its types of openapi.json, its tests (some against `iris up`), and the
# wheel and the source distribution in build/python. It is not published.
PYTHON_VENV = $(call venv,integrations/python/requirements.txt)
$(PYTHON_VENV)/.installed: integrations/python/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

.PHONY: python test-python lint-python models
test-python: build $(PYTHON_VENV)/.installed
	cd integrations/python && IRIS_E2E=1 $(PYTHON_VENV)/bin/python -m pytest
lint-python: $(PYTHON_VENV)/.installed
	cd integrations/python && $(PYTHON_VENV)/bin/ruff check --no-cache . && $(PYTHON_VENV)/bin/ruff format --no-cache --check . && $(PYTHON_VENV)/bin/mypy --cache-dir $(CURDIR)/build/mypy
models: $(PYTHON_VENV)/.installed
	cd integrations/python && $(PYTHON_VENV)/bin/python scripts/models.py
python: lint-python test-python
	rm -rf build/python && mkdir -p build/python
	SOURCE_DATE_EPOCH=$(COMMIT_EPOCH) $(PYTHON_VENV)/bin/python -m build --no-isolation --outdir build/python integrations/python
	$(PYTHON_VENV)/bin/python integrations/python/scripts/check_dist.py build/python

# A thousand seeded runs of the whole system in a storm of faults, in virtual time
# (docs/reliability.md); make test has a few. CHAOS_SEED=n repeats one.
.PHONY: chaos chaos-defects
CHAOS_RUNS ?= 1000
chaos: build/node/.installed
	GOGC=400 CHAOS_RUNS=$(CHAOS_RUNS) go test -count=1 -timeout 6h -run '^TestChaos$$' ./tests/chaos
# Each planted defect of tests/chaos/defects, in a copy, must be found by a seed.
chaos-defects: build/node/.installed
	tests/chaos/defects/find.sh

$(GOLANGCI):
	mkdir -p $(CACHE) && GOBIN=$(CACHE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.14.0 && mv $(CACHE)/bin/golangci-lint $@
$(GOVULNCHECK):
	mkdir -p $(CACHE) && GOBIN=$(CACHE)/bin go install golang.org/x/vuln/cmd/govulncheck@v1.8.0 && mv $(CACHE)/bin/govulncheck $@

LINT_VENV = $(call venv,tests/lint/requirements.txt)
$(LINT_VENV)/.installed: tests/lint/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

# Layers with the reason printed, the usual mistakes, and the template by CloudFormation's rules.
lint: $(GOLANGCI) $(LINT_VENV)/.installed web/node_modules/.package-lock.json lint-python
	cd web && npm run --silent check
	$(GOLANGCI) run ./...
	cd s3 && $(GOLANGCI) run --config ../.golangci.yml ./...
	$(LINT_VENV)/bin/cfn-lint template.yaml

# The template by judges that are not ours (cfn-lint, SAM, checkov, cfn-guard, asl-validator,
# actionlint), offline and without an account, each deployment of tests/template/deployments
# for itself; then its stack in moto, and what calls AWS against that.
CLOUD_VENV = $(call venv,tests/template/requirements.txt)
ACTIONLINT := $(CACHE)/actionlint-v1.7.12
$(CLOUD_VENV)/.installed: tests/template/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@
$(ACTIONLINT):
	mkdir -p $(CACHE) && GOBIN=$(CACHE)/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 && mv $(CACHE)/bin/actionlint $@
build/cloud/node/.installed: tests/template/node/package.json tests/template/node/package-lock.json
	mkdir -p $(@D) && cp tests/template/node/package*.json $(@D)/ && npm ci --prefix $(@D) --no-audit --no-fund --loglevel=error && touch $@

.PHONY: test-cloud
test-cloud: package $(CLOUD_VENV)/.installed $(ACTIONLINT) build/cloud/node/.installed
	rm -f build/cloud/*.json && go run ./tests/template/resolved
	ACTIONLINT=$(ACTIONLINT) $(CLOUD_VENV)/bin/python tests/template/judge.py
	$(CLOUD_VENV)/bin/python tests/template/moto_stack.py -- go test -count=1 -run OnMoto ./tests/cloud

# The databases of vulnerabilities are not on every network: said, not hidden. npm ends with
# 1 for a finding and for no answer; only a finding has an auditReportVersion.
vuln: $(GOVULNCHECK)
	@cd web && { report=$$(npm audit --json --package-lock-only) && echo "npm audit: nothing found"; } || \
	  if grep -q auditReportVersion <<< "$$report"; then echo "$$report"; exit 1; else echo "npm audit: SKIPPED, its database cannot be reached from here"; fi
	@{ $(GOVULNCHECK) ./... && cd s3 && $(GOVULNCHECK) ./...; } || { [ $$? -eq 3 ] && exit 3; echo "govulncheck: SKIPPED, its database cannot be reached from here"; }

# Scanners, whose findings tests/security/answers.txt answers one by one: gosec (by
# golangci-lint), our own rules by semgrep (none comes from a registry), secrets in the
# history by gitleaks, and the databases of vulnerabilities, of which those that cannot be
# reached are said.
GITLEAKS := $(CACHE)/gitleaks-v8.24.0
$(GITLEAKS):
	mkdir -p $(CACHE) && GOBIN=$(CACHE)/bin go install github.com/zricethezav/gitleaks/v8@v8.24.0 && mv $(CACHE)/bin/gitleaks $@
.PHONY: security
security: $(GOLANGCI) $(GITLEAKS) $(SECURITY_VENV)/.installed
	@mkdir -p build/security && rm -f build/security/*.json
	$(GOLANGCI) run --config tests/security/golangci.yaml --issues-exit-code 0 --show-stats=false --output.json.path build/security/gosec.json ./...
	cd s3 && $(GOLANGCI) run --config ../tests/security/golangci.yaml --issues-exit-code 0 --show-stats=false --output.json.path ../build/security/gosec-s3.json --path-prefix s3 ./...
	PATH=$(SECURITY_VENV)/bin:$$PATH semgrep --test --metrics=off tests/security/rules
	PATH=$(SECURITY_VENV)/bin:$$PATH semgrep scan --quiet --metrics=off --disable-version-check --config tests/security/rules/iris.yaml --exclude tests/security/rules --json --output build/security/semgrep.json
	$(GITLEAKS) git . --no-banner --redact --exit-code 0 --report-format json --report-path build/security/gitleaks.json
	go run ./tests/security tests/security/answers.txt gosec=build/security/gosec.json gosec=build/security/gosec-s3.json semgrep=build/security/semgrep.json gitleaks=build/security/gitleaks.json
	@for f in containers/totalsegmentator/requirements.txt $$(ls tests/*/requirements.txt); do \
	  out=build/security/pip-$$(echo $$f | tr / -).json; \
	  $(SECURITY_VENV)/bin/pip-audit --requirement $$f --disable-pip --no-deps --progress-spinner off --format json --output $$out >/dev/null 2>build/security/pip.err || true; \
	  if [ -s $$out ]; then echo "$$f"; go run ./tests/security tests/security/answers.txt pip-audit=$$out || exit 1; \
	  else echo "$$f: pip-audit: SKIPPED: $$(tail -1 build/security/pip.err)"; fi; done
	@$(MAKE) vuln

# Ratios against named peers, each pair in one run; they write docs/benchmarks.md.
BENCH_VENV = $(call venv,tests/bench/intake/requirements.txt)
$(BENCH_VENV)/.installed: tests/bench/intake/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

DECIMATE_VENV = $(call venv,tests/bench/decimate/requirements.txt)
$(DECIMATE_VENV)/.installed: tests/bench/decimate/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

CODECS_VENV = $(call venv,tests/codecs/requirements.txt)
$(CODECS_VENV)/.installed: tests/codecs/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

bench: build package $(BENCH_VENV)/.installed $(DECIMATE_VENV)/.installed $(CODECS_VENV)/.installed codec-tools
	@command -v dcm2niix >/dev/null || apt-get install -y dcm2niix
	python3 tests/bench/overhead/bench.py bin/iris --out docs/benchmarks.md
	go run ./tests/bench/routes -out docs/benchmarks.md
	go run ./tests/bench/functions -out docs/benchmarks.md
	$(BENCH_VENV)/bin/python tests/bench/intake/bench.py bin/iris $${IRIS_SHARED:-../shared}
	$(BENCH_VENV)/bin/python tests/bench/intake/compressed.py bin/iris $${IRIS_SHARED:-../shared} --out docs/benchmarks.md
	$(CODECS_VENV)/bin/python tests/bench/codecs/bench.py --out docs/benchmarks.md
	python3 tests/bench/surface/bench.py --out docs/benchmarks.md --judge
	python3 tests/bench/formats.py bin/iris
	$(DECIMATE_VENV)/bin/python tests/bench/decimate/bench.py --out docs/benchmarks.md
	go test -run '^$$' -bench FullSize -benchtime 1x ./internal/stage/mesh

# Every mesh format by a reader of its users; the table of docs/formats.md.
FORMATS_VENV = $(call venv,tests/formats/requirements.txt)
$(FORMATS_VENV)/.installed: tests/formats/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@
.PHONY: formats
formats: bin/iris $(FORMATS_VENV)/.installed
	$(FORMATS_VENV)/bin/python tests/formats/judge.py bin/iris

# The decoders of compressed DICOM beside those of others: DCMTK, OpenJPEG and OpenJPH
# (Debian), libjpeg-turbo, libjpeg, CharLS and FFmpeg (PyPI), over the space of their parameters.
.PHONY: codecs codec-tools
codec-tools:
	@for p in dcmcjpeg:dcmtk opj_compress:libopenjp2-tools ojph_compress:openjph-tools; do \
	  command -v $${p%:*} >/dev/null || apt-get install -y $${p#*:}; done
codecs: $(CODECS_VENV)/.installed codec-tools
	IRIS_CODECS=1 IRIS_PYTHON=$(CODECS_VENV)/bin/python go test -count=1 -v -timeout 60m ./tests/codecs ./internal/volume/dicom/j2k

# The readers of DICOM and NIfTI beside pydicom, nibabel, SimpleITK and suyashkumar/dicom over
# generated and damaged files, each drawn from (SEED, number): voxels and geometry are the
# same, or the scan is refused by name, or a class of tests/differential/answers.py says why
# not. It writes docs/reliability.md; the short set has pydicom and nibabel alone.
DIFFERENTIAL_VENV = $(call venv,tests/differential/requirements.txt)
$(DIFFERENTIAL_VENV)/.installed: tests/differential/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@
SHORT_VENV = $(call venv,tests/differential/short.txt)
$(SHORT_VENV)/.installed: tests/differential/short.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@
SEED ?= 1
CASES ?= generated=1200,changed=1600,nifti=1200
.PHONY: differential differential-short
differential: bin/iris $(DIFFERENTIAL_VENV)/.installed
	cd tests/differential/suyash && go vet ./... && go build -o ../../../build/suyash .
	$(DIFFERENTIAL_VENV)/bin/python tests/differential/differ.py bin/iris --suyash build/suyash --seed $(SEED) --cases $(CASES) --out docs/reliability.md
differential-short: bin/iris $(SHORT_VENV)/.installed
	$(SHORT_VENV)/bin/python tests/differential/differ.py bin/iris --plain --cases generated=90,changed=150,nifti=110

# The state that a version leaves when it is killed in the middle of jobs, for tests that it
# is opened by later ones: tests/upgrades/testdata. The commit is built in a worktree.
.PHONY: fixture
fixture: $(E2E_VENV)/.installed
	@[ -n "$(COMMIT)" ] || { echo "COMMIT: the last commit whose state has the old form"; exit 1; }
	$(E2E_VENV)/bin/python tests/upgrades/make.py $(COMMIT)

# DICOM objects that iris writes, read by others on the source's frames: dciodvfy (dicom3tools)
# and plastimatch of Debian; highdicom, pydicom, SimpleITK, dcmqi and dcmrtstruct2nii of PyPI.
ROUNDTRIP_VENV = $(call venv,tests/roundtrip/requirements.txt)
$(ROUNDTRIP_VENV)/.installed: tests/roundtrip/requirements.txt
	python3 -m venv $(@D) && $(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@
.PHONY: roundtrip
roundtrip: bin/iris $(ROUNDTRIP_VENV)/.installed
	@for p in dciodvfy:dicom3tools plastimatch:plastimatch; do command -v $${p%:*} >/dev/null || apt-get install -y --no-install-recommends $${p#*:}; done
	$(ROUNDTRIP_VENV)/bin/python tests/roundtrip/judge.py bin/iris

# The memory of every process of the stack under 25,000 reads of the job list.
READS ?= 25000
soak: build
	python3 tests/bench/soak/soak.py bin/iris $(READS)

# 10,000 drops, 200 at once, with a model that takes no time: what becomes of them, how long
# they and the API take, memory and files of every process. LOAD_STATE is gone on with when
# it was cut off; LOAD_WITHIN=8m stops dropping after so long.
LOAD_DROPS ?= 10000
LOAD_STATE ?= build/load
LOAD_WITHIN ?= 0
.PHONY: load load-growth
load: build
	mkdir -p $(LOAD_STATE)
	go build -o build/loadtest ./tests/load
	build/loadtest -drops $(LOAD_DROPS) -clients 200 -state $(LOAD_STATE) -within $(LOAD_WITHIN) -v -out docs
# What a job costs with more voxels and more structures.
load-growth: build
	go build -o build/loadtest ./tests/load
	build/loadtest -growth -drops 4 -out docs

# The long sets of phantoms of bone beside contrast medium; some are known to fail
# (docs/benchmarks.md).
SEEDS ?= 1-120
test-phantoms:
	IRIS_TEST_PHANTOMS=$(SEEDS) go test -count=1 -v -timeout 60m -run TestPhantoms ./internal/tissue

# Phantoms of blood against bone, with and without contrast medium: at each of four
# voxels how many are wrong, and of how many their owner is told.
SEAMS ?= 1,100
.PHONY: test-seams
test-seams:
	IRIS_TEST_SEAMS=$(SEAMS) go test -count=1 -v -timeout 60m -run TestSeamSet ./internal/tissue

# Every fuzz target for FUZZTIME each.
FUZZTIME ?= 90s
fuzz:
	@for f in $$(grep -rl '^func Fuzz' --include=*_test.go internal containers statemachine functions | sort); do \
	  for t in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$f); do \
	    echo "== ./$$(dirname $$f) $$t"; \
	    go test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./$$(dirname $$f); \
	  done; done

# No structure passes through itself: every shape and real structure, not the few of make unit.
crossings:
	IRIS_CROSSINGS=all IRIS_SHARED=$${IRIS_SHARED:-$(CURDIR)/../shared} go test -count 1 -timeout 30m -run CrossThemselves -v ./internal/surface/build

-include containers/totalsegmentator/model.mk

clean:
	rm -rf bin build out web/dist web/node_modules && find web/packed -mindepth 1 ! -name .gitkeep -delete
