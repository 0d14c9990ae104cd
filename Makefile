# A release is made from a tag such as v1.0.0. Elsewhere the version says what the source is on the way to.
NEXT         = 1.0.0
VERSION     ?= $(shell .ci/version $(NEXT))
# When the source was made, in seconds since 1970: the time of every file in a release.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1767225600)
# Who answers for the packages: whoever makes them for others says so.
MAINTAINER  ?= opensrs-doctor maintainers <maintainers@opensrs-doctor.example>
LDFLAGS      = -s -w -X opensrs-doctor/cmd/opensrs-doctor/build.linked=$(VERSION)
# Code that is not worth more bytes: what a report is rendered with, and libraries. Inlining makes it an eighth larger and
# not measurably faster. HTTP/2 is left out: the service does not speak it, and one connection is all that a run makes.
COMPACT      = opensrs-doctor/report/... opensrs-doctor/probes/sandbox github.com/... go.yaml.in/... maragu.dev/... golang.org/...
BUILD        = CGO_ENABLED=0 go build -trimpath -tags nethttpomithttp2 $(COMPACT:%=-gcflags=%=-l) -ldflags "$(LDFLAGS)"
OUT         ?= bin/opensrs-doctor
COMMAND      = ./cmd/opensrs-doctor
STATICCHECK  = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
PLATFORMS    = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME    ?= 10s

.PHONY: build run test check golden bench fuzz dist lab systems help

build: ## build bin/opensrs-doctor
	$(BUILD) -o $(OUT) $(COMMAND)

run: build ## try it out: no account, no internet
	bin/opensrs-doctor check --sandbox
	@echo; echo 'For real:  bin/opensrs-doctor --username NAME --api-key-file PATH --rule "allow 203.0.113.0/25"'

test: ## all tests; no internet
	go test -count=1 -timeout 30m $(TESTFLAGS) ./...

check: ## form, vet, staticcheck, and the build for the other systems
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt -w these files'; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...
	for os in windows darwin; do CGO_ENABLED=0 GOOS=$$os go vet $(COMMAND)/... ./probes/... ./report/... || exit 1; done

golden: ## write the expected outputs anew; read the difference before you keep it
	go test -count=1 ./report ./report/explain ./report/deploy ./cmd/opensrs-doctor -update

bench: ## what the budgets allow, beside what is needed
	go test -run '^$$' -bench . $(TESTFLAGS) ./...

fuzz: ## every fuzz target for FUZZTIME
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -c6-); do \
	    echo "$$dir $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$dir || exit 1; done; done

# The same source, version and Go release give the same bytes, wherever they are built and with whatever environment.
dist: build ## for a release, in dist/: programs, packages, archives, images, manual, checksums
	rm -rf dist && mkdir -p dist/completions
	for p in $(PLATFORMS); do GOFLAGS= GOAMD64=v1 GOARM64=v8.0 GOOS=$${p%/*} GOARCH=$${p#*/} $(BUILD) -buildvcs=false -o dist/opensrs-doctor-$${p%/*}-$${p#*/}$$(test $${p%/*} != windows || echo .exe) $(COMMAND) || exit 1; done
	for s in bash:opensrs-doctor.bash zsh:_opensrs-doctor fish:opensrs-doctor.fish powershell:opensrs-doctor.ps1; do bin/opensrs-doctor completion $${s%:*} > dist/completions/$${s#*:} || exit 1; done
	cd .ci/package && GOFLAGS= go run . -version '$(VERSION)' -time '$(SOURCE_DATE_EPOCH)' -maintainer '$(MAINTAINER)' \
	  -tool '$(CURDIR)/bin/opensrs-doctor' -source '$(CURDIR)' -dist '$(CURDIR)/dist'

lab: ## the faults in network namespaces, and which cause each one gave
	cd probes/lab && go test -count=1

systems: ## the Windows binary under Wine, the one for arm64 under qemu, and the lab on another kernel
	go test -count=1 ./probes/lab/systems ./probes/lab/kernel

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10
