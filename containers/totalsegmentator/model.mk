# TotalSegmentator's model server: tests, benchmark, locks. Included by the Makefile.
MODEL := containers/totalsegmentator

.PHONY: test-model bench-model lock image
# The weights are made at test time; the contract suite is the one that containers/tissue passes.
test-model: build
	@echo "test-model needs 7 GB of packages (torch, nnU-Net, TotalSegmentator), installed once under $(CACHE)"
	python=$$($(MODEL)/environment.sh requirements-test.txt) && cd $(MODEL) && \
	$$python -m ruff check . && $$python -m ruff format --check . && $$python -m mypy && \
	IRIS_ROOT=$(CURDIR) $$python -m pytest -rs tests

# A small CT and one of 512×512×300, three ways each: about 15 minutes on 2 processors.
bench-model:
	@echo "bench-model needs 7 GB of packages, installed once under $(CACHE), and 6 GB of memory"
	python=$$($(MODEL)/environment.sh requirements-test.txt) && mkdir -p out && \
	$$python $(MODEL)/scripts/tiny_weights.py out/bench-weights --patch 128 --models 291 292 293 294 295 && \
	$$python $(MODEL)/scripts/bench.py --weights out/bench-weights --out docs/benchmarks.md

# What the image is made of, by digest: needs docker, the network and the weights
# (WEIGHTS, nnU-Net folders). Nothing is written before all of it is known.
lock:
	$(MODEL)/scripts/lock.sh "$(WEIGHTS)"

# The image for SageMaker, on any machine with docker: for its processor, with a manifest that it takes.
IMAGE ?= iris-totalsegmentator
image:
	docker buildx build --platform linux/amd64 --provenance=false --output type=docker \
	  --build-arg BASE="$$(cat $(MODEL)/base.lock)" --target sagemaker -t $(IMAGE) $(MODEL)
