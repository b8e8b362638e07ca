# Targets whose line ends in a "##" comment are what `make` lists.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PREFIX ?= /usr/local
DESTDIR ?=
# Seconds for each fuzz target, and which; none is all.
SECONDS ?= 60
TARGET ?=
# mitmproxy's, for bench-proxy.
MITMDUMP ?= mitmdump
# Of soak.
MINUTES ?= 30

RELEASE := .build/release/sioscope
# Tests and fuzzers run with the checks for exclusive access; without them an import takes a sixth less of the processor.
RELEASE_BUILD := swift build -c release -Xswiftc -enforce-exclusivity=unchecked
# Linked with Swift's own libraries, so that it runs where no Swift is. Its own folder: mixing both ways of linking in
# one rebuilds everything each time.
STATIC := .build-install
SWIFT_FILES := Benchmarks Fuzz Sources Tests queries scenarios Package.swift
SHELL_FILES := $(filter-out scripts/mutate,$(wildcard scripts/*)) .ci/run

.PHONY: help setup build test peers conformance oracle demo bench bench-proxy bench-interface bench-replay soak lint format fuzz mutate golden \
    docs docs-check install uninstall clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what building needs, through apt where that works; else say what is missing
	@scripts/setup

build: setup ## build the release binary, .build/release/sioscope
	$(RELEASE_BUILD) --product sioscope

test: ## set up, build and run all tests
	@scripts/setup test
	swift test --disable-xctest

peers: ## let real Socket.IO peers misbehave and hold the findings against what was done; two minutes
	@scripts/setup peers
	swift build --product sioscope
	Tests/Peers/run --sioscope .build/debug/sioscope

conformance: ## play the conformance scenarios to three clients and compare with the table in docs; minutes
	@scripts/setup peers
	swift build --product sioscope
	Tests/Peers/conformance/run --sioscope .build/debug/sioscope

oracle: ## compare packets and segments of all captures with tshark, which it installs; minutes
	@scripts/setup oracle
	SIOSCOPE_ORACLE=1 swift test --filter CorpusTests

demo: build ## import a bundled capture of a flapping client, look into it, replay the bug and the fix
	@scripts/demo $(RELEASE)

bench: build ## make a big capture and measure import, decoding and memory
	$(RELEASE_BUILD) --product sioscope-bench
	.build/release/sioscope-bench run --sioscope $(RELEASE)

bench-proxy: build ## measure round trips and message rates through the proxy, against socat and MITMDUMP=mitmdump
	$(RELEASE_BUILD) --product sioscope-bench
	.build/release/sioscope-bench proxy --sioscope $(RELEASE) --mitmdump $(MITMDUMP)

bench-replay: build ## measure how punctual a thousand replays at once are, against a bare timer loop
	$(RELEASE_BUILD) --product sioscope-bench
	.build/release/sioscope-bench replays

soak: build ## record a busy server for MINUTES=30 and watch the recorder's memory and files
	$(RELEASE_BUILD) --product sioscope-bench
	.build/release/sioscope-bench soak --sioscope $(RELEASE) --minutes $(MINUTES)

bench-interface: build ## measure the rate that is recorded from lo without a loss, against tcpdump; as root
	$(RELEASE_BUILD) --product sioscope-bench
	.build/release/sioscope-bench interface --sioscope $(RELEASE)

lint: ## check format, shell scripts and forbidden words; changes nothing
	swift format lint --strict --recursive --parallel $(SWIFT_FILES)
	@if command -v shellcheck >/dev/null 2>&1; then \
	    shellcheck $(SHELL_FILES); \
	else \
	    echo "lint: shellcheck is not installed; the shell scripts are not checked" >&2; \
	fi
	scripts/lint-words

format: ## format the Swift sources in place
	swift format --in-place --recursive --parallel $(SWIFT_FILES)

fuzz: setup ## fuzz each target for SECONDS=60, or only TARGET="name name"
	scripts/fuzz $(SECONDS) $(TARGET)

mutate: setup ## invert each condition of the fault rules; fails where no fixture notices (needs python3)
	scripts/mutate

golden: ## write the golden files anew from what the code gives now; read the diff
	@scripts/setup test
	RECORD_GOLDEN=1 swift test --filter 'Golden|SchemaPage|Readme|DiagnosisTests'

docs: setup ## write docs/man/sioscope.1 from the commands' help
	scripts/manual docs/man/sioscope.1

docs-check: setup ## fail where docs/man/sioscope.1 is not what the commands' help gives
	scripts/manual .build/docs-check/sioscope.1
	diff -u docs/man/sioscope.1 .build/docs-check/sioscope.1

install: setup ## put binary, man page and completions under PREFIX=/usr/local (and DESTDIR=)
	$(RELEASE_BUILD) --static-swift-stdlib --scratch-path $(STATIC) --product sioscope
	scripts/install $(STATIC)/release/sioscope "$(PREFIX)" "$(DESTDIR)"

uninstall: ## remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/sioscope" "$(DESTDIR)$(PREFIX)/share/man/man1/sioscope.1" \
	    "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sioscope" \
	    "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_sioscope" \
	    "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/sioscope.fish"

clean: ## remove everything that was built
	rm -rf .build .build-*
