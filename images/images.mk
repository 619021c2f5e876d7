# The images; the top Makefile includes this. ENGINE: docker, podman or buildah. BASE=local makes the Debian base here.
ENGINE ?= docker
BASE ?= debian:trixie-slim
REGISTRY ?=
IMAGE_NEEDS := $(READY) $(if $(filter local,$(BASE)),base)
IMAGE_SETTINGS = ENGINE=$(ENGINE) BASE_IMAGE=$(if $(filter local,$(BASE)),idp-steps/debian:trixie,$(BASE))
IMAGE_BUILD = $(IMAGE_SETTINGS) $(BIN)/python -m images.build

images: $(IMAGE_NEEDS) ## build all images (ENGINE=docker|podman|buildah, BASE=local without a registry)
	$(IMAGE_BUILD) build

image/%: $(IMAGE_NEEDS) ## build one image and its root variant
	$(IMAGE_BUILD) build $*

image-check: $(IMAGE_NEEDS) ## build without keeping anything (PLATFORMS=linux/arm64)
	$(IMAGE_BUILD) check

base: $(READY) ## make the Debian base image with mmdebstrap
	$(IMAGE_BUILD) base

sbom: $(READY) ## write the images' bills of materials to build/sbom
	$(IMAGE_BUILD) sbom build/sbom

push: $(IMAGE_NEEDS) ## push all images (REGISTRY=host/path, PLATFORMS=linux/amd64,linux/arm64, TAGS="0.1 latest", SIGN_KEY=)
	@test -n "$(REGISTRY)" || { echo "Name where to: make push REGISTRY=host/path" >&2; exit 2; }
	$(IMAGE_BUILD) push $(REGISTRY)

image-scan: $(READY) ## look for known vulnerabilities in what the images hold (SCANNER=trivy|grype|osv-scanner)
	$(IMAGE_BUILD) scan

image-test: $(READY) ## test the built images under the engine
	$(IMAGE_SETTINGS) $(BIN)/python -m pytest -m images $(IMAGE_PYTEST_ARGS) tests/images

# What libraries ask for and no step imports: a terminal's colours, a second set of time zones, a parser of C.
NOT_IMPORTED := markdown-it-py mdurl pycparser pygments tzdata
OF_DEBIAN := cffi cryptography # images/packages/cryptography.txt has them

image-lock: $(READY) ## make requirements/images/ anew from pyproject.toml, with the versions of requirements/dev.txt
	for extra in $$(sed -n 's/.*extra = "\(.*\)".*/\1/p' images/images.toml | sort -u); do \
		test $$extra = none && more= || more="--extra $$extra"; \
		$(BIN)/uv pip compile --quiet --python-version 3.13 --python-platform linux --generate-hashes --no-emit-index-url \
			--no-annotate --no-header $$more $(patsubst %,--no-emit-package=%,$(NOT_IMPORTED) $(OF_DEBIAN)) --constraints requirements/dev.txt pyproject.toml \
			-o requirements/images/$$extra.txt || exit 1; \
	done

image-ci: $(READY) ## engine, two builds, tests: what the continuous integration does (root, Debian)
	images/ci.sh

.PHONY: images image-check image-ci base sbom push image-scan image-test image-lock
