# SPDX-License-Identifier: GPL-2.0-or-later
#
# The user's end of the build. What the module is made of stands in Kbuild, which
# the kernel's own build system reads; this file only calls it, and everything
# else. "make help" lists the targets.

# Kbuild, and make itself, would take a path with a space for two
ifneq ($(strip $(words $(CURDIR)) $(foreach c,' " ; : & | < > * ? ` \ ( ),$(findstring $c,$(CURDIR)))),1)
$(error ced1401: neither make nor kbuild can work in "$(CURDIR)": move it to a folder whose path has no space, nor any of ' " ; : & | < > * ? ` \ ( ))
endif

KDIR ?= /lib/modules/$(shell uname -r)/build
VERSION := $(shell cat VERSION)

.DEFAULT_GOAL := all

# The time that a recipe took, for those that take long
timed = @start=$$(date +%s); $(1); status=$$?; \
	echo "$@: $$(($$(date +%s) - start)) s"; exit $$status

.PHONY: all lib tools clean distclean help card guest demo check unit lint \
	check-debug coverage check-kernels check-packages fuzz pictures \
	bench bench-check

all: ## build the module, ced1401_isa.ko, for the running kernel (or KDIR=...)
	@test -e $(KDIR)/Makefile || { \
		echo "No kernel headers at $(KDIR). Install the package" \
		     "linux-headers-$$(uname -r)"; \
		echo "(or linux-headers-amd64, and give" \
		     "KDIR=/lib/modules/RELEASE/build)."; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

lib: ## build libced1401, shared and static, into build/lib
	@tests/vm/need lib $$(cat lib/packages)
	$(MAKE) -C lib

tools: lib ## build the command ced1401(1) into build/tools
	@tests/vm/need tools $$(cat tools/packages)
	$(MAKE) -C tools

card: ## build the virtual card for the installed QEMU
	$(call timed,tests/vm/need card $$(qemu/build --packages) && qemu/build)

guest: ## a shell in the guest, with the virtual card and the driver
	tests/vm/run

demo: ## record, through the virtual 1401, ADC=any.wav (or a voice) and play it
	$(call timed,demo/run)

pictures: ## draw the README's pictures of ced1401(1) anew, into docs/
	tests/tools/pictures

check: ## run the tests, on this Debian's kernel (STEPS="lint unit": some of them)
	@tests/check $(or $(STEPS),check)

check-debug: ## ... on debug kernels: sanitizers, lock checking, failing memory
	@tests/check check-debug

coverage: ## what check-debug has reached, by file (at least 95% of the lines)
	@tests/check coverage

check-kernels: ## ... on every kernel of Debian from 5.10, 32-bit ones included
	@tests/check check-kernels

check-packages: ## ... packages and "make install", in fresh Debians that boot
	@tests/check check-packages

bench: ## measure the driver, and draw it, into build/bench/
	$(call timed,tests/bench/run)

bench-check: ## ... what is counted in instructions: is it as docs/performance.md says?
	@tests/check bench-check

fuzz: ## look for what nobody thought of, for MINUTES=10
	tests/fuzz/run $(or $(MINUTES),10)

unit: ## run the unit tests on the host alone
	@tests/check unit

lint: ## checkpatch, sparse, shellcheck, warnings, headers
	@tests/check lint

clean: ## remove what was built here
	@if test -e $(KDIR)/Makefile; then \
		$(MAKE) -s -C $(KDIR) M=$(CURDIR) clean; fi
	rm -rf build

distclean: clean ## ... and what is kept in ~/.cache/ced1401 (kernel, QEMU headers)
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/ced1401"

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' \
		Makefile install.mk
	@echo
	@echo 'KDIR=FOLDER   kernel headers to build the module against'
	@echo 'V=1           say more'
	@echo 'prefix=, DESTDIR=, DKMS=no   how to install: see install.mk'

include install.mk
