# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installing. "make install" builds everything, lays it out in build/install as it
# will lie under /, and has scripts/install put it there, set up the group and have DKMS
# build the module for each kernel. "make uninstall" takes it all away. With DESTDIR=
# (packages: debian/rules) the files go there, and nothing else happens.

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
libexecdir ?= $(prefix)/libexec
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
sysconfdir ?= /etc
# Neither udev nor systemd-sysusers looks below another prefix than these two
system_prefix = $(if $(filter /usr /usr/local,$(prefix)),$(prefix),/usr/local)
udevdir ?= $(system_prefix)/lib/udev
sysusersdir ?= $(system_prefix)/lib/sysusers.d
python_version = $(shell /usr/bin/python3 -c \
	'import sys; print("%d.%d" % sys.version_info[:2])')
pythondir ?= $(if $(filter /usr,$(prefix)),/usr/lib/python3/dist-packages,$(prefix)/lib/python$(python_version)/dist-packages)
# Not a matter of prefix: DKMS looks nowhere else
dkmsdir ?= /usr/src/ced1401-$(VERSION)
# DKMS=no: the module is built for one kernel (KDIR), and does not follow new ones
DKMS ?= yes

stage := $(CURDIR)/build/install
root = $(or $(DESTDIR),$(stage))
INSTALL_DATA = install -D -m 644
module_sources = Kbuild VERSION $(filter-out %.mod.c,$(wildcard *.[ch])) \
	$(wildcard include/*/*.h include/*/*/*.h)
directories = prefix=$(prefix) bindir=$(bindir) libdir=$(libdir) \
	includedir=$(includedir) datadir=$(datadir)

.PHONY: install install-needs uninstall manuals install-module install-dkms install-modules \
	install-lib install-tools install-python install-manuals install-system

# With Debian's packages that it needs to be built and to work. Whoever has DESTDIR is
# making a package, and has seen to that himself.
install: $(if $(DESTDIR),,install-needs) lib tools manuals ## install the driver, library, command, Python module, manuals (as root)
ifeq ($(DESTDIR),)
	@rm -rf build/install
	$(MAKE) -s install-files DESTDIR=$(stage)
	scripts/install $(stage)
else
	$(MAKE) install-files
endif

# DKMS signs with openssl
install-needs:
	@tests/vm/need install python3-numpy $(if $(filter no,$(DKMS)),,dkms openssl)

uninstall: ## take away what "make install" has installed (as root)
	scripts/install --remove

# What is built already, into DESTDIR. The parts may also be installed alone.
install-files: install-module install-lib install-tools install-python \
	install-manuals install-system

install-module: $(if $(filter no,$(DKMS)),install-modules,install-dkms)

install-dkms:
	for file in $(module_sources); do \
		$(INSTALL_DATA) $$file $(root)$(dkmsdir)/$$file || exit 1; \
	done
	sed 's/#MODULE_VERSION#/$(VERSION)/' dkms.conf > $(root)$(dkmsdir)/dkms.conf
	install -D scripts/secure-boot $(root)$(libexecdir)/ced1401/secure-boot

install-modules: all
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(root) DEPMOD=true \
		modules_install

install-lib:
	$(MAKE) -C lib install DESTDIR=$(root) $(directories)
	$(INSTALL_DATA) -t $(root)$(includedir)/linux include/uapi/linux/*.h

install-tools:
	$(MAKE) -C tools install DESTDIR=$(root) $(directories)

# As pip would do it, but without pip, and so that pip and importlib.metadata know it
install-python:
	$(INSTALL_DATA) -t $(root)$(pythondir)/ced1401 \
		$(wildcard python/ced1401/*.py) python/ced1401/py.typed VERSION
	scripts/metadata $(root)$(pythondir)

install-manuals: manuals
	install -d $(root)$(mandir)
	cp -R -P build/man/man[134] $(root)$(mandir)/

install-system:
	$(INSTALL_DATA) -t $(root)$(sysconfdir)/modprobe.d etc/modprobe.d/ced1401.conf
	$(INSTALL_DATA) -t $(root)$(sysconfdir)/modules-load.d \
		etc/modules-load.d/ced1401.conf
	$(INSTALL_DATA) -t $(root)$(sysusersdir) etc/sysusers.d/ced1401.conf
	$(INSTALL_DATA) -t $(root)$(udevdir)/rules.d udev/60-ced1401.rules

manuals: ## the manual pages, into build/man
	scripts/manuals build/man

.PHONY: dist deb
dist: ## the release archive, into build/dist; it holds what is committed
	@scripts/dist

deb: ## Debian's packages of it, into build/deb
	@tests/vm/need deb $$(scripts/deb --packages)
	@scripts/deb

.PHONY: html
html: ## the book, docs/, into build/html
	@tests/vm/need html python3-sphinx python3-myst-parser
	scripts/book build/html
