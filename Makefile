# The commands of this project: `make demo`, `make test`; `make soak` for what takes long; `make release install`, `make deb`.
# `make help` lists them.

CARGO ?= cargo
ROLES := -p bulkhead-smtp -p bulkhead-imap -p bulkhead-pop3 -p bulkhead-auth -p bulkhead-keys -p bulkhead-store
PLANTED := -p bulkhead-smtp -p bulkhead-imap
# where the tests look for programs
export BULKHEAD_BIN_DIR := $(CURDIR)/target/debug
export BULKHEAD_HOSTILE_BIN_DIR := $(CURDIR)/target/hostile/debug
export BULKHEAD_PLANTED_BIN_DIR := $(CURDIR)/target/planted/debug
export BULKHEAD_CARELESS_VICTIM := $(CURDIR)/target/no-fdatasync/debug/deliver_without_end

.PHONY: help setup build release install deb demo test lint test-planted test-programs test-systemd soak bench clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

setup: ## installs what the tests need (as root; else says what is missing)
	@scripts/setup

build: ## builds everything for development
	$(CARGO) build --workspace --bins

release: ## builds everything as it is shipped
	$(CARGO) build --workspace --bins --release --locked

# make install DESTDIR=/tmp/tree PREFIX=/usr LIBEXECDIR=/usr/lib; packaging/install says what else it heeds
install: ## what `make release` has built, below PREFIX (/usr/local)
	@DESTDIR='$(DESTDIR)' PREFIX='$(or $(PREFIX),/usr/local)' packaging/install $(or $(CARGO_TARGET_DIR),target)/release

# of one version, in a directory of ours: what it makes is to be the same everywhere
CARGO_DEB := target/tools/bin/cargo-deb
CARGO_DEB_VERSION := 3.8.0
$(CARGO_DEB):
	CARGO_TARGET_DIR=$(CURDIR)/target/tools/build $(CARGO) install cargo-deb --version $(CARGO_DEB_VERSION) --locked --root target/tools
	@rm -rf target/tools/build

deb: release $(CARGO_DEB) ## a Debian package, in target/debian
	@packaging/make-deb $(or $(CARGO_TARGET_DIR),target)/release

demo: release ## one mail through the walls, then a suite to try out until Ctrl-C
	@scripts/setup demo
	@scripts/demo target/release

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

# Programs that tests run: with hostile code inside, with a parser that panics, a store that does not sync, and the ordinary ones,
# which come last and stay in target/debug. One target directory: what they have in common is built once.
test-programs:
	$(CARGO) build $(ROLES) --bins --features hostile --locked
	@mkdir -p target/hostile/debug target/no-fdatasync/debug
	@for role in $(ROLES:bulkhead-%=%); do [ $$role = -p ] || cp -f target/debug/bulkhead-$$role target/hostile/debug/; done
	$(CARGO) build $(PLANTED) --bins --features planted-panic --locked
	@mkdir -p target/planted/debug
	@for role in smtp imap; do cp -f target/debug/bulkhead-$$role target/planted/debug/; done
	$(CARGO) build -p bulkhead-store --examples --features unsafe-no-fdatasync --locked
	@cp -f target/debug/examples/deliver_without_end target/no-fdatasync/debug/
	$(CARGO) build --workspace --bins --examples --locked

# the planted tests leave programs with a mistake in target/debug: the ordinary ones have to be built after them
test: setup lint test-planted test-programs ## everything; as root also what needs root, and the walls as an ordinary user too
	$(CARGO) test --workspace --locked --no-fail-fast

test-planted: ## what a message costs on which a parser panics
	$(CARGO) test -p bulkhead-mime -p bulkhead-imap -p bulkhead-smtp --features planted-panic --locked

# as root; the first time it downloads 90 MB of Debian into target/systemd
test-systemd: deb ## the Debian package, installed on a Debian that is booted for it
	@scripts/setup systemd
	BULKHEAD_PACKAGES=$(CURDIR)/target/debian $(CARGO) test -p bulkhead-tests --locked --test systemd -- --nocapture

soak: setup test-programs deb ## what takes long: more of every random test, and `test-systemd`
	@[ "$$(id -u)" -ne 0 ] || scripts/setup systemd
	BULKHEAD_RELEASE_BIN_DIR=$(CURDIR)/target/release BULKHEAD_PACKAGES=$(CURDIR)/target/debian PROPTEST_CASES=4000 BULKHEAD_SOAK=1 $(CARGO) test --workspace --locked --no-fail-fast

# make bench BENCH='--full --json bench.json'; target/release/bulkhead-bench --help has the rest
bench: ## as root: the table beside Postfix and Dovecot, in target/bench, from their Debian packages
	@bench/peers
	$(MAKE) release
	target/release/bulkhead-bench $(BENCH)

clean: ## removes what was built
	$(CARGO) clean
