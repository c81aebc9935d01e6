# gatepost - rules at the door of a mail server
#
#   make            build the command, gatepost.so, the Exim module and the checks into build/
#   make demo       fetch what is needed, build, play the dialogues into a real Exim, judge the corpus
#   make check      everything below, cheap first, with the mail servers of this machine's Debian; each callable alone
#     check-unit      unit tests (cmocka)
#     check-sessions  tests/sessions through the engine, and the command's own behaviour
#     check-cases     what the command does with files as administrators have them
#     check-plugins   the checks regex and dnsbl, loaded from their files, the latter against a name server
#     check-manuals   the manuals are sound, and print the examples as they are
#     check-build     what make fetches and prints, where no mail server can be run, and what happens when something fails on the way
#     check-hosts     gatepost.so as hosts see it: header, exports, installation, the example hosts
#     check-fuzz      every parser's fuzz target over its corpus
#     check-san       unit tests and sessions with sanitizers; unit tests under valgrind
#     check-exim      tests/sessions and more through real Exims
#     check-milter    gatepost-milter alone, and in real Sendmails and Postfixes
#     check-parity    gatepost reads what the server beside it reads
#     check-attacks   what an attacker tries, against each real server
#     check-upgrade   an installation over running servers
#     check-mercury   tests/sessions and more through the Mercury/32 daemon, in Wine
#   make check-all  all that and what takes longer; each callable alone
#     check-pictures  the page of `gatepost report` in a browser
#     check-exim-debian13, check-milter-, check-parity-, check-attacks-   the same with the mail servers of the other Debian; -debian12, too
#   make lint       clang-format, clang-tidy, cppcheck, mandoc, shellcheck
#   make bench      timings, as ratios taken in one run
#   make mercury    the Mercury/32 daemon and the command for 32-bit Windows, into build/mercury/
#   make dist-windows   gatepost-VERSION-win32.zip: both, the manuals as HTML, and what else a Windows user wants; the same bytes each time
#   make mercury64  the same for 64-bit Windows, into build/mercury64/: for tests where no 32-bit program runs
#   make exim ABI=6.0   the Exim module for another local_scan ABI
#   make mercury-unit   unit tests and fuzz targets as one program for Windows (tests/mercury/unit.sh runs it)
#   make install    DESTDIR, prefix and the folders below work; install-dev is the header and the file for pkg-config alone
#   make uninstall  takes away what install put there, given the same variables
#   make dist       the source of the last commit as build/gatepost-VERSION.tar.gz, the same bytes each time
#   make clean
#
# BUILD=dir puts the outputs elsewhere; CFLAGS, LDFLAGS and CPPFLAGS come last. V=1 shows the commands. Without -j there are as many jobs
# as processors. Debian packages that are missing are fetched, as root or with sudo; DEPS=no never runs apt: what is missing is
# named, and neither servers nor sources are fetched. Mail servers are unpacked below ~/.cache/gatepost, or $GATEPOST_CACHE.

# A -j that was given is in one of these, or, with GNU Make 4.3, is stronger than the one that is added.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS) $(shell echo "$$MAKEFLAGS")),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
# One line for each file that is linked, none for each that is compiled.
ifeq ($(V),1)
Q   :=
SAY := @:
else
Q   := @
SAY := $(if $(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS)))),@:,@echo)
endif

BUILD   ?= build
prefix  ?= /usr/local
bindir   = $(prefix)/bin
sbindir  = $(prefix)/sbin
mandir   = $(prefix)/share/man
libdir   = $(prefix)/lib
includedir = $(prefix)/include
docdir   = $(prefix)/share/doc/gatepost
pkgconfigdir = $(libdir)/pkgconfig
eximdir ?= $(prefix)/lib/gatepost
unitdir ?= $(prefix)/lib/systemd/system
INSTALL ?= install
VERSION := 0.1.0

CFLAGS  ?= -O2 -g
ALL_CPPFLAGS = -I. -D_FILE_OFFSET_BITS=64 -DGATEPOST_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS = -std=c11 -Wall -Wextra -Wshadow -Wcast-qual -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla -Wundef -fvisibility=hidden -fPIC -fstack-protector-strong \
	-MMD -MP $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(LDFLAGS)
# Found out at the first link, when `deps` is done.
CDB     ?= $(eval CDB := $$(shell CC='$$(CC)' LDFLAGS='$$(LDFLAGS)' tests/run/libcdb.sh))$(CDB)
# Rotated logs are gzipped. For the command only, not for what a mail server loads.
ZLIB    ?= -lz

ALL_CORE_SRC  := $(wildcard core/*.c core/*/*.c)
ALL_TOOLS_SRC := $(wildcard tools/*/*.c)
WIN32_SRC := $(wildcard core/os/*win32*.c tools/os/*win32*.c)
POSIX_SRC := $(wildcard core/os/*posix*.c tools/os/*posix*.c)
CORE_SRC  := $(filter-out $(WIN32_SRC),$(ALL_CORE_SRC))
TOOLS_SRC := $(filter-out $(WIN32_SRC),$(ALL_TOOLS_SRC))
UNIT_SRC  := $(filter-out %_win32.c,$(wildcard tests/unit/*/test_*.c))
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)

CORE_OBJ  := $(CORE_SRC:%.c=$(BUILD)/obj/%.o)
TOOLS_OBJ := $(TOOLS_SRC:%.c=$(BUILD)/obj/%.o)
UNIT_OBJ  := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %_win32.c,$(wildcard tests/unit/lib/*.c)))
CHECKS    := $(BUILD)/checks/regex.so $(BUILD)/checks/dnsbl.so

UNIT_BIN  := $(addprefix $(BUILD)/unit/,$(basename $(notdir $(UNIT_SRC))))
UNIT_TEST_OBJ := $(UNIT_SRC:%.c=$(BUILD)/obj/%.o)
FUZZ_BIN  := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
BENCH_BIN := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)

.DELETE_ON_ERROR:
.PHONY: all exim mercury mercury64 dist-windows win-deps check lint bench demo install install-dev uninstall dist clean unit fuzz deps bench-deps

all: $(BUILD)/gatepost $(BUILD)/gatepost.so $(BUILD)/gatepost-milter exim checks

deps:
	@BUILD='$(BUILD)' CC='$(CC)' LDFLAGS='$(LDFLAGS)' tests/run/need.sh build

unit: $(UNIT_BIN)
fuzz: $(FUZZ_BIN)
exim: $(BUILD)/gatepost-exim.so

$(BUILD)/obj/%.o: %.c | deps
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/libgatepost-core.a: $(CORE_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# What the page of `gatepost report` brings along, as texts in a C file: for Windows the same.
$(BUILD)/obj/page_assets.c: tools/report/page.css tools/report/sortable.min.js
	@mkdir -p $(@D)
	@{ echo 'extern const char page_css[], page_sortable[];'; \
	echo 'const char page_css[] = {'; od -An -v -tu1 tools/report/page.css | sed 's/[0-9][0-9]*/&,/g'; echo '0};'; \
	echo 'const char page_sortable[] = {'; od -An -v -tu1 tools/report/sortable.min.js | sed 's/[0-9][0-9]*/&,/g'; echo '0};'; } >$@
$(BUILD)/obj/page_assets.o: $(BUILD)/obj/page_assets.c
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/libgatepost-tools.a: $(TOOLS_OBJ) $(BUILD)/obj/page_assets.o
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/gatepost: $(BUILD)/obj/tools/main.o $(BUILD)/libgatepost-tools.a $(BUILD)/libgatepost-core.a
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(CDB) $(ZLIB)

# The whole engine behind its one function, for a host that loads it with dlopen.
$(BUILD)/gatepost.so: plugins/generic/exports.map $(BUILD)/libgatepost-core.a
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -shared -o $@ -Wl,-u,gatepost_api $(BUILD)/libgatepost-core.a $(ALL_LDFLAGS) \
		-Wl,--version-script=plugins/generic/exports.map -Wl,--gc-sections $(CDB)

# Windows. Nothing but Windows' own libraries is needed there: GCC's and zlib are inside. 32-bit callers align the stack to four
# bytes, SSE wants sixteen. Programs bring a printf of their own that knows %zu; __printf__ is its grammar. What is exported,
# a program's or library's own list says. Mercury loads 32-bit code only; BITS=64 builds the same sources for tests.
BITS    ?= 32
WIN     := $(BUILD)/mercury$(filter 64,$(BITS))
WIN_TARGET_32 = i686-w64-mingw32
WIN_TARGET_64 = x86_64-w64-mingw32
WIN_TARGET  = $(WIN_TARGET_$(BITS))
WIN_MACHINE_32 = -msse2 -mstackrealign
WIN_LINK_32 = ,--large-address-aware
WIN_CC  ?= $(WIN_TARGET)-gcc
WIN_AR  ?= $(WIN_TARGET)-ar
WIN_CPPFLAGS = -I. -I$(WIN)/tinycdb -D_FILE_OFFSET_BITS=64 -D_WIN32_WINNT=0x0501 -D__USE_MINGW_ANSI_STDIO=1 \
	-D__printf__=__gnu_printf__ -DGP_EXPORT= -DGATEPOST_VERSION='"$(VERSION)"' $(CPPFLAGS)
WIN_CFLAGS = $(filter-out -fPIC -fvisibility=hidden,$(ALL_CFLAGS)) $(WIN_MACHINE_$(BITS))
# The linker would make the image base of a DLL from the path of its output, and each folder would give other bytes.
WIN_LDFLAGS = -static -static-libgcc -Wl,--disable-auto-image-base,--nxcompat,--dynamicbase,--no-insert-timestamp$(WIN_LINK_$(BITS)) $(LDFLAGS)
WIN_CORE_OBJ  := $(patsubst %.c,$(WIN)/obj/%.o,$(filter-out $(POSIX_SRC),$(ALL_CORE_SRC)))
WIN_TOOLS_OBJ := $(patsubst %.c,$(WIN)/obj/%.o,$(filter-out $(POSIX_SRC),$(ALL_TOOLS_SRC)))
WIN_LIBS = $(WIN)/libcdb.a -ladvapi32 -lntdll

win-deps:
	@BUILD='$(BUILD)' tests/run/need.sh windows$(filter 64,$(BITS))

mercury: $(WIN)/gatepost.exe $(WIN)/gatepost.dll

mercury64:
	@$(MAKE) BITS=64 mercury

dist-windows: mercury
	@tests/run/need.sh windows-zip
	@VERSION='$(VERSION)' BUILD='$(BUILD)' mercury/dist.sh

# tinycdb's own sources, unchanged. The header stands alone in a folder, for everything else of Debian's must stay unseen.
$(WIN)/libcdb.a: | win-deps
	@mkdir -p $(WIN)/tinycdb $(WIN)/obj/tinycdb
	$(Q)source=$$(tests/mta/source.sh tinycdb) && cp "$$source/cdb.h" $(WIN)/tinycdb/ && \
	for name in init find findnext seq seek unpack hash make make_add make_put; do \
		$(WIN_CC) -O2 $(WIN_MACHINE_$(BITS)) -w -c -o $(WIN)/obj/tinycdb/$$name.o "$$source/cdb_$$name.c" || exit 1; \
	done
	@rm -f $@
	$(Q)$(WIN_AR) rcs $@ $(WIN)/obj/tinycdb/*.o

$(WIN)/obj/%.o: %.c | win-deps $(WIN)/libcdb.a
	@mkdir -p $(@D)
	$(Q)$(WIN_CC) $(WIN_CPPFLAGS) $(WIN_CFLAGS) -c -o $@ $<

$(WIN)/libgatepost-core.a: $(WIN_CORE_OBJ)
	@rm -f $@
	$(Q)$(WIN_AR) rcs $@ $^

$(WIN)/obj/page_assets.o: $(BUILD)/obj/page_assets.c | win-deps
	@mkdir -p $(@D)
	$(Q)$(WIN_CC) $(WIN_CPPFLAGS) $(WIN_CFLAGS) -c -o $@ $<

$(WIN)/libgatepost-tools.a: $(WIN_TOOLS_OBJ) $(WIN)/obj/page_assets.o
	@rm -f $@
	$(Q)$(WIN_AR) rcs $@ $^

$(WIN)/gatepost.exe: $(WIN)/obj/tools/main.o $(WIN)/libgatepost-tools.a $(WIN)/libgatepost-core.a $(WIN)/libcdb.a
	$(SAY) "  $@"
	$(SAY) "  $@"
	$(Q)$(WIN_CC) $(WIN_CFLAGS) -o $@ $(filter-out %/libcdb.a,$^) $(WIN_LDFLAGS) $(WIN_LIBS) -lz -lws2_32

# The daemon.
WIN_DLL_OBJ := $(patsubst %.c,$(WIN)/obj/%.o,$(wildcard mercury/*.c))

$(WIN)/gatepost.dll: $(WIN_DLL_OBJ) mercury/exports.def $(WIN)/libgatepost-core.a $(WIN)/libcdb.a
	$(SAY) "  $@"
	$(SAY) "  $@"
	$(Q)$(WIN_CC) $(WIN_CFLAGS) -shared -o $@ $(filter-out %/libcdb.a,$^) $(WIN_LDFLAGS) -Wl,--gc-sections $(WIN_LIBS) -lws2_32

# What does to the daemon what Mercury does, for the tests.
WIN_HOST_OBJ := $(patsubst %.c,$(WIN)/obj/%.o,$(addprefix tests/mercury/,host.c stage.c connection.c soak.c collide.c) \
	tools/replay/dialogue.c tools/replay/playback.c tools/replay/expect.c tools/replay/order.c tools/lib/calendar.c tools/lib/output.c)

$(WIN)/host.exe: $(WIN_HOST_OBJ) $(WIN)/libgatepost-core.a $(WIN)/libcdb.a
	$(SAY) "  $@"
	$(Q)$(WIN_CC) $(WIN_CFLAGS) -o $@ $(filter-out %/libcdb.a,$^) $(WIN_LDFLAGS) $(WIN_LIBS)

ABI ?= $(shell exim4-localscan-plugin-config --localscan-apiversion 2>/dev/null || echo 6.0)

# Remembers for which ABI the module was built.
$(BUILD)/obj/abi-$(ABI): | deps
	@mkdir -p $(@D)
	@rm -f $(BUILD)/obj/abi-*
	@touch $@

EXIM_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard exim/*.c))

$(BUILD)/obj/exim/local_scan.o: $(BUILD)/obj/abi-$(ABI)
$(BUILD)/obj/exim/local_scan.o: ALL_CPPFLAGS += -DLOCAL_SCAN_ABI=$(ABI)

$(BUILD)/gatepost-exim.so: $(EXIM_OBJ) exim/exports.map $(BUILD)/libgatepost-core.a
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -shared -o $@ $(EXIM_OBJ) $(BUILD)/libgatepost-core.a $(ALL_LDFLAGS) \
		-Wl,--version-script=exim/exports.map -Wl,--gc-sections $(CDB)

# Loads gatepost.so with dlopen. Its sigwait() stands in front of libmilter's, so it must be seen from there; the
# linker exports it because libmilter asks for it.
MILTER_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard milter/*.c))

$(BUILD)/obj/milter/options.o: $(BUILD)/obj/libdir
$(BUILD)/obj/milter/options.o: ALL_CPPFLAGS += -DGATEPOST_LIBRARY='"$(libdir)/gatepost/gatepost.so"'

$(BUILD)/gatepost-milter: $(MILTER_OBJ)
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lmilter -ldl -pthread

# Where the engine will be installed, and looks for plugins that are not beside the rule file. The file is written anew
# only when that is another place, so that `make install prefix=...` is heard.
$(BUILD)/obj/libdir: FORCE
	@mkdir -p $(@D)
	@echo '$(libdir)/gatepost' | cmp -s - $@ || echo '$(libdir)/gatepost' >$@
$(BUILD)/obj/core/os/plugin_posix.o: ALL_CPPFLAGS += -DGATEPOST_LIBDIR='"$(libdir)/gatepost"'
$(BUILD)/obj/core/os/plugin_posix.o: $(BUILD)/obj/libdir
.PHONY: FORCE checks plugin-tests

# Checks as plugins. What they are made of is linked in statically, as in everything that a server loads.
PCRE2   ?= -l:libpcre2-8.a
CARES   ?= -l:libcares.a
CHECK_OBJ_regex := $(BUILD)/obj/plugins/checks/regex.o
CHECK_OBJ_dnsbl := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard plugins/checks/dnsbl*.c))
CHECK_LIB_regex = $(PCRE2)
CHECK_LIB_dnsbl = $(CARES)
checks: $(CHECKS)
$(BUILD)/checks/regex.so: $(CHECK_OBJ_regex)
$(BUILD)/checks/dnsbl.so: $(CHECK_OBJ_dnsbl)
$(CHECKS): $(BUILD)/checks/%.so: plugins/checks/exports.map
	@mkdir -p $(@D)
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -shared -o $@ $(CHECK_OBJ_$*) $(ALL_LDFLAGS) -Wl,--version-script=plugins/checks/exports.map \
		$(CHECK_LIB_$*)

# A plugin of the tests' own, and others that are wrong.
TEST_PLUGINS := $(patsubst tests/unit/plugins/%.c,$(BUILD)/checks/test_%.so,$(wildcard tests/unit/plugins/*.c))
$(BUILD)/unit/test_plugin $(BUILD)/unit/test_plugin_engine: $(TEST_PLUGINS)

# A host for check-plugins, and the check that gatepost_check(3) prints.
PLUGIN_TESTS := $(BUILD)/plugin-host $(BUILD)/example-check.so
plugin-tests: $(PLUGIN_TESTS) $(CHECKS)
$(BUILD)/plugin-host: tests/mta/plugin_host.c $(BUILD)/libgatepost-core.a
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MF $(BUILD)/obj/plugin-host.d -o $@ $< $(BUILD)/libgatepost-core.a \
		$(ALL_LDFLAGS) $(CDB) -pthread
$(BUILD)/example-check.so: tests/examples/check.c | deps
	@mkdir -p $(BUILD)/obj
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MF $(BUILD)/obj/example-check.d -shared -o $@ $< $(ALL_LDFLAGS)
$(BUILD)/checks/test_%.so: tests/unit/plugins/%.c | deps
	@mkdir -p $(@D)
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MF $(BUILD)/obj/test_plugin_$*.d -shared -o $@ $< $(ALL_LDFLAGS)

# What tests share. It comes before the engine, for slots_hooks.o stands for one of its objects.
$(BUILD)/libgatepost-unit.a: $(UNIT_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# Tests that let an allocation fail (failing_alloc.h).
FAILING_ALLOC = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
UNIT_LDFLAGS_test_allocation = $(FAILING_ALLOC)
UNIT_LDFLAGS_test_arena  = $(FAILING_ALLOC)
UNIT_LDFLAGS_test_header = $(FAILING_ALLOC)
# Those of a shipped check are linked with what it is made of.
UNIT_LDFLAGS_test_regex = $(CHECK_OBJ_regex) $(CHECK_LIB_regex) -pthread
$(BUILD)/unit/test_regex: $(CHECK_OBJ_regex)
UNIT_LDFLAGS_test_allocation_posix = $(FAILING_ALLOC) $(CHECK_OBJ_regex) $(CHECK_LIB_regex)
$(BUILD)/unit/test_allocation_posix: $(CHECK_OBJ_regex)
UNIT_LDFLAGS_test_dnsbl_memory = $(BUILD)/obj/plugins/checks/dnsbl_memory.o
$(BUILD)/unit/test_dnsbl_memory: $(BUILD)/obj/plugins/checks/dnsbl_memory.o

# Of gatepost-milter, what can be tested without a libmilter.
UNIT_LDFLAGS_test_translate = $(BUILD)/obj/milter/translate.o
$(BUILD)/unit/test_translate: $(BUILD)/obj/milter/translate.o

# A program a test, all in one folder; the object of its source, in whatever room of tests/unit, is linked to it.
$(BUILD)/obj/tests/unit/%.o: ALL_CPPFLAGS += -D_DEFAULT_SOURCE
$(foreach object,$(UNIT_TEST_OBJ),$(eval $(BUILD)/unit/$(basename $(notdir $(object))): $(object)))

$(UNIT_BIN): $(BUILD)/unit/%: $(BUILD)/libgatepost-unit.a $(BUILD)/libgatepost-tools.a $(BUILD)/libgatepost-core.a
	@mkdir -p $(@D)
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(filter %/$*.o,$^) $(BUILD)/libgatepost-unit.a \
		$(BUILD)/libgatepost-tools.a $(BUILD)/libgatepost-core.a \
		$(ALL_LDFLAGS) $(UNIT_LDFLAGS_$(@F)) $(CDB) $(ZLIB) -lcmocka

$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libgatepost-unit.a $(BUILD)/libgatepost-tools.a $(BUILD)/libgatepost-core.a
	@mkdir -p $(@D)
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/libgatepost-unit.a \
		$(BUILD)/libgatepost-tools.a $(BUILD)/libgatepost-core.a $(ALL_LDFLAGS) $(CDB) $(ZLIB) $(FUZZ_LDLIBS_$(@F))
FUZZ_LDLIBS_fuzz_regex = $(CHECK_OBJ_regex) $(CHECK_LIB_regex)
$(BUILD)/fuzz/fuzz_regex: $(CHECK_OBJ_regex)

# Every unit test and fuzz target in one program for Windows. Each has its main function under the name of its file, and
# nothing else that others see. What looks at adapters for other systems, or at plugins, is left out; so are the fuzz target that
# changes state files while they are mapped and the test with control characters in names of files: Windows allows neither. cmocka's
# own source, unchanged.
WIN_WITHOUT := %_posix.c $(shell grep -lE '^.include "((exim|milter|plugins)/|tests/unit/lib/plugin_folder.h)' tests/unit/*/test_*.c tests/fuzz/fuzz_*.c) \
	%/test_regex.c %/fuzz_regex.c %/fuzz_session.c %/test_gate.c
WIN_TEST_SRC := $(filter-out $(WIN_WITHOUT),$(wildcard tests/unit/*/test_*.c))
WIN_TESTS   := $(basename $(notdir $(WIN_TEST_SRC)))
WIN_TARGETS := $(basename $(notdir $(filter-out $(WIN_WITHOUT),$(FUZZ_SRC))))
WIN_UNIT_OBJ := $(WIN_TEST_SRC:%.c=$(WIN)/obj/%.o) $(WIN_TARGETS:%=$(WIN)/obj/tests/fuzz/%.o) \
	$(patsubst %.c,$(WIN)/obj/%.o,$(filter-out %_posix.c,$(wildcard tests/unit/lib/*.c)))
WIN_UNIT_CC = $(WIN_CC) $(WIN_CPPFLAGS) -I$(WIN)/cmocka -I$(WIN)/unit $(WIN_CFLAGS) -std=gnu11
WIN_OBJCOPY ?= $(WIN_TARGET)-objcopy
# 32-bit Windows puts an underscore before the names of C; on 64-bit Windows references go by way of symbols of their own.
WIN_PREFIX_32 = _
WIN_KEEP = $(WIN_OBJCOPY) --wildcard --keep-global-symbol='.refptr.*' --keep-global-symbol=$(WIN_PREFIX_$(BITS))

.PHONY: mercury-unit mercury-tests
mercury-unit: $(WIN)/unit.exe

# What check-mercury plays with: all of it, in both widths.
mercury-tests: mercury mercury-unit $(WIN)/host.exe $(if $(filter 32,$(BITS)),dist-windows)
	$(if $(filter 32,$(BITS)),@$(MAKE) BITS=64 mercury-tests)

$(WIN)/libcmocka.a: | win-deps
	@mkdir -p $(WIN)/cmocka $(WIN)/obj/cmocka
	$(Q)source=$$(tests/mta/source.sh cmocka) && cp "$$source/include/cmocka.h" $(WIN)/cmocka/ && \
	$(WIN_CC) -O2 -w -D__USE_MINGW_ANSI_STDIO=1 -DHAVE_MALLOC_H -DHAVE_INTTYPES_H -DHAVE_SIGNAL_H -DHAVE_STRINGS_H \
		-DHAVE_STRUCT_TIMESPEC -DHAVE_GCC_THREAD_LOCAL_STORAGE -I"$$source/include" -c -o $(WIN)/obj/cmocka/cmocka.o "$$source/src/cmocka.c"
	@rm -f $@
	$(Q)$(WIN_AR) rcs $@ $(WIN)/obj/cmocka/cmocka.o

# Written anew only if another test came or went.
$(WIN)/unit/programs.h: FORCE
	@mkdir -p $(@D)
	@{ printf 'UNIT_TEST(%s)\n' $(WIN_TESTS) && printf 'FUZZ_TARGET(%s)\n' $(WIN_TARGETS); } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(WIN)/obj/tests/unit/lib/%.o: tests/unit/lib/%.c $(WIN)/unit/programs.h | win-deps $(WIN)/libcdb.a $(WIN)/libcmocka.a
	@mkdir -p $(@D)
	$(Q)$(WIN_UNIT_CC) -c -o $@ $<

$(WIN)/obj/tests/unit/%.o: tests/unit/%.c | win-deps $(WIN)/libcdb.a $(WIN)/libcmocka.a
	@mkdir -p $(@D)
	$(Q)$(WIN_UNIT_CC) -Wno-missing-prototypes -Dmain=$(*F) -c -o $@ $<
	$(Q)$(WIN_KEEP)$(*F) $@

$(WIN)/obj/tests/fuzz/fuzz_%.o: tests/fuzz/fuzz_%.c | win-deps $(WIN)/libcdb.a
	@mkdir -p $(@D)
	$(Q)$(WIN_UNIT_CC) -DLLVMFuzzerTestOneInput=fuzz_$* -c -o $@ $<
	$(Q)$(WIN_KEEP)fuzz_$* $@

$(WIN)/unit.exe: $(WIN_UNIT_OBJ) $(WIN)/libgatepost-tools.a $(WIN)/libgatepost-core.a $(WIN)/libcdb.a $(WIN)/libcmocka.a
	$(SAY) "  $@"
	$(Q)$(WIN_CC) $(WIN_CFLAGS) -o $@ $(filter-out %/libcdb.a,$^) $(WIN_LDFLAGS) $(FAILING_ALLOC) $(WIN_LIBS) -lz -lws2_32 -lpsapi

-include $(WIN_UNIT_OBJ:.o=.d)

# Beside which the blocklist is timed; nothing else needs it.
BENCH_LDLIBS_bench_blocklist = -llmdb -pthread
BENCH_LDLIBS_null_milter = -lmilter -pthread

bench-deps:
	@BUILD='$(BUILD)' tests/run/need.sh bench

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libgatepost-tools.a $(BUILD)/libgatepost-core.a | bench-deps
	@mkdir -p $(@D)
	$(SAY) "  $@"
	$(Q)$(CC) $(ALL_CPPFLAGS) -D_DEFAULT_SOURCE $(ALL_CFLAGS) -o $@ $< $(BUILD)/libgatepost-tools.a $(BUILD)/libgatepost-core.a \
		$(ALL_LDFLAGS) $(CDB) $(BENCH_LDLIBS_$(@F))

bench: $(BENCH_BIN) $(BUILD)/gatepost.so $(BUILD)/gatepost $(BUILD)/gatepost-milter exim
	@tests/bench/run.sh $(BUILD)

# Hosts that load gatepost.so: they see the public header as an installed one, and nothing else of the tree.
EXAMPLE = $(CC) -idirafter core $(CPPFLAGS) $(ALL_CFLAGS) -MF $(BUILD)/obj/$(@F).d -o $@ $(filter %.c,$^) $(ALL_LDFLAGS)

# The one that gatepost_api(3) prints.
$(BUILD)/example-host: tests/examples/host.c core/gatepost.h | deps
	@mkdir -p $(BUILD)/obj
	$(SAY) "  $@"
	$(Q)$(EXAMPLE) -ldl

$(BUILD)/example-sink: $(wildcard tests/examples/sink*.c tests/examples/sink.h) core/gatepost.h | deps
	@mkdir -p $(BUILD)/obj
	$(SAY) "  $@"
	$(Q)$(EXAMPLE) -ldl -pthread

-include $(MILTER_OBJ:.o=.d) $(EXIM_OBJ:.o=.d)
-include $(WIN_CORE_OBJ:.o=.d) $(WIN_TOOLS_OBJ:.o=.d) $(WIN)/obj/tools/main.d
-include $(CHECK_OBJ_regex:.o=.d) $(CHECK_OBJ_dnsbl:.o=.d) $(wildcard $(BUILD)/obj/test_plugin_*.d)
-include $(WIN_DLL_OBJ:.o=.d) $(WIN_HOST_OBJ:.o=.d)
-include $(CORE_OBJ:.o=.d) $(TOOLS_OBJ:.o=.d) $(BUILD)/obj/tools/main.d \
	$(UNIT_OBJ:.o=.d) $(UNIT_TEST_OBJ:.o=.d) $(FUZZ_BIN:%=%.d) $(BENCH_BIN:%=%.d)

# The stages of `make check`, cheap first, and what `make check-all` adds: whatever takes long and changes seldom.
CHECK     := unit sessions cases manuals build plugins fuzz san hosts exim milter parity attacks upgrade mercury
RELEASES  := debian12 debian13
OTHERS    := $(filter-out $(shell [ ! -e /etc/os-release ] || (. /etc/os-release && echo "$$ID$$VERSION_ID")),$(RELEASES))
SERVED    := exim milter parity attacks
CHECK_ALL := $(CHECK) pictures $(foreach release,$(OTHERS),$(SERVED:%=%-$(release)))
ALONE     := $(sort $(CHECK_ALL:%=check-%) $(foreach release,$(RELEASES),$(SERVED:%=check-%-$(release))))

.PHONY: check-all $(ALONE)
check:
	@BUILD='$(BUILD)' tests/run/check.sh $(CHECK)

check-all:
	@BUILD='$(BUILD)' tests/run/check.sh $(CHECK_ALL)

$(ALONE):
	@BUILD='$(BUILD)' tests/run/check.sh $(@:check-%=%)

# Whether it can be shown is found out before anything is fetched or built.
demo:
	@tests/mta/able.sh
	@BUILD='$(BUILD)' CC='$(CC)' LDFLAGS='$(LDFLAGS)' tests/run/need.sh build demo
	@echo 'building gatepost (make V=1 shows the commands)'
	@$(MAKE) --no-print-directory all
	@BUILD='$(BUILD)' tests/demo/demo.sh

lint:
	@tests/run/lint.sh

# What is installed, as MODE:FILE:PATH. The rule file and /var/lib/gatepost are the administrator's: README.md has the lines.
DOCS = $(wildcard README.md CHANGES.md LICENSE */README.md plugins/*/README.md exim/conf/* exim/conf/conf.d/*/* mercury/conf/* milter/conf/* \
	examples/* tests/examples/*)
INSTALL_FILES = 755:$(BUILD)/gatepost:$(bindir)/gatepost 755:$(BUILD)/gatepost-milter:$(sbindir)/gatepost-milter \
	644:$(BUILD)/gatepost.so:$(libdir)/gatepost/gatepost.so 644:$(BUILD)/gatepost-exim.so:$(eximdir)/gatepost-exim.so \
	$(foreach check,$(CHECKS),644:$(check):$(libdir)/gatepost/checks/$(notdir $(check)))
INSTALL_TEXTS = $(foreach page,$(wildcard man/*.[1-8]),644:$(page):$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	644:milter/conf/gatepost-milter.service:$(unitdir)/gatepost-milter.service \
	$(foreach text,$(filter-out %.d %.service,$(DOCS)),$(if $(filter %.py,$(text)),755,644):$(text):$(docdir)/$(text))
# What a host is compiled with.
INSTALL_DEV_FILES = 644:core/gatepost.h:$(includedir)/gatepost.h
INSTALL_DEV_TEXTS = 644:plugins/generic/gatepost.pc.in:$(pkgconfigdir)/gatepost.pc

# In texts, paths are those of this installation; commands that copy a file name the one that is installed.
IN_TEXTS = -e 's|/usr/local/lib/gatepost/gatepost-exim\.so|@eximdir@/gatepost-exim.so|g' -e 's|/usr/local/lib/gatepost|$(libdir)/gatepost|g' \
	-e 's|@eximdir@|$(eximdir)|g' -e 's|@sbindir@|$(sbindir)|g' -e 's|@prefix@|$(prefix)|g' -e 's|@VERSION@|$(VERSION)|g' \
	-e 's|@libdir@|$(patsubst $(prefix)/%,$${prefix}/%,$(libdir))|g' -e 's|@includedir@|$(patsubst $(prefix)/%,$${prefix}/%,$(includedir))|g' \
	-e 's|^\(install -m [0-7]* \)\([a-z]*/conf/\)|\1$(docdir)/\2|' -e 's|^\(\.Pa \)\(tests/examples/\)|\1$(docdir)/\2|'

# $(call put,LIST,COMMAND): COMMAND writes $$from to $$to.new, which takes the place of $$to at once: a server that loads it meanwhile has
# the whole of the one or of the other.
define put
$(Q)set -e; for each in $(1); do \
	mode=$${each%%:*}; from=$${each#*:}; from=$${from%:*}; to=$(DESTDIR)$${each##*:}; \
	$(INSTALL) -d "$${to%/*}"; \
	{ $(2); } || { rm -f "$$to.new"; exit 1; }; \
	mv -f "$$to.new" "$$to"; \
	$(if $(findstring echo,$(SAY)),echo "  $$to",:); \
done
endef
PUT_FILE = $(INSTALL) -m $$mode "$$from" "$$to.new"
PUT_TEXT = sed $(IN_TEXTS) "$$from" >"$$to.new" && chmod $$mode "$$to.new"

install: all install-dev
	$(call put,$(INSTALL_FILES),$(PUT_FILE))
	$(call put,$(INSTALL_TEXTS),$(PUT_TEXT))

install-dev:
	$(call put,$(INSTALL_DEV_FILES),$(PUT_FILE))
	$(call put,$(INSTALL_DEV_TEXTS),$(PUT_TEXT))

# With the variables that `install` was given. Folders of ours go too, if nothing else is in them.
uninstall:
	@for each in $(INSTALL_FILES) $(INSTALL_TEXTS) $(INSTALL_DEV_FILES) $(INSTALL_DEV_TEXTS); do rm -f "$(DESTDIR)$${each##*:}"; done
	@cd "$(DESTDIR)$(libdir)" 2>/dev/null && rmdir -p gatepost/checks 2>/dev/null || true
	@cd "$(DESTDIR)$(docdir)" 2>/dev/null && rmdir -p $(sort $(filter-out ./,$(dir $(DOCS)))) 2>/dev/null || true
	@rmdir "$(DESTDIR)$(docdir)" 2>/dev/null || true

dist:
	@VERSION='$(VERSION)' BUILD='$(BUILD)' tests/run/dist.sh

clean:
	rm -rf $(BUILD)
