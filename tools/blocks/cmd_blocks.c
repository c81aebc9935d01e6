/*
 * cmd_blocks.c - gatepost blocks: the blocklist as a person sees and changes it. What is changed is in force at
 * once for every process of the machine, since all have the same file mapped.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>

#include "blocks.h"
#include "tools/lib/calendar.h"
#include "tools/commands.h"

static const char overview[] =
    "usage: gatepost blocks VERB [--config CONF | --state-dir DIR] ...\n"
    "\n"
    "  list     who is on the blocklist: time left, step, hits, first and last seen, cause\n"
    "  add      put a client there\n"
    "  remove   take clients off\n"
    "  clear    take all off\n"
    "  export   lines for a block table, a Sendmail access file or a MERCURYS.ACL, to review and keep\n"
    "  import   put many clients there\n"
    "  resize   make the list larger or smaller\n"
    "\n"
    "  -c, --config CONF       the rule file that names the state directory and has the settings; else\n"
    "                          gatepost.conf here, else /etc/gatepost/gatepost.conf (Windows: the one beside\n"
    "                          gatepost.exe)\n"
    "      --state-dir DIR     the state directory, whatever the rule file names\n"
    "\n"
    "'gatepost blocks list --help' and so on tell more, with an example. Changes are in force at once.\n";

#define FILTER_HELP                                                                                            \
    "  --cause TEXT       whose cause has this text in it\n"                                                   \
    "  --min-hits N       who were refused so often since\n"                                                   \
    "  --min-times N      who came onto the list so often\n"                                                   \
    "  --address PREFIX   of this network, or this address\n"                                                  \
    "  -a, --all          those too whose time has ended, and who are remembered\n"                            \
    "  --at TIME          time left from then, not from now: 2003-07-24T01:11:45-07:00\n"

static const char list_help[] =
    "usage: gatepost blocks list [--sort KEY] [--reverse] [--json] [FILTER...]\n"
    "\n"
    "  --sort KEY         until (default: whose time ends first), address, hits, first, last, cause\n"
    "  -r, --reverse      the other way round\n"
    "  -j, --json         one object per line\n" FILTER_HELP "\n"
    "example: gatepost blocks list --sort hits --min-times 2\n";

static const char add_help[] =
    "usage: gatepost blocks add ADDRESS [TIME] [--cause TEXT]\n"
    "\n"
    "Without TIME (30m, 6h, 30d) the client stays as block-time says, longer each time. Nobody of\n"
    "own-networks, and nobody whom the exemption table spares it, is put there: exit status 1.\n"
    "\n"
    "  --cause TEXT   why, in 28 bytes at most; 'by hand' if not given\n"
    "\n"
    "example: gatepost blocks add 61.77.232.38 7d --cause 'Apparent open relay'\n";

static const char remove_help[] =
    "usage: gatepost blocks remove ADDRESS|PREFIX...\n"
    "\n"
    "Takes them off and forgets them; of a prefix, all clients in it. Exit status 1 if one was not there.\n"
    "\n"
    "example: gatepost blocks remove 61.77.232.38\n";

static const char clear_help[] = "usage: gatepost blocks clear\n"
                                 "\n"
                                 "Takes all clients off and forgets them.\n"
                                 "\n"
                                 "example: gatepost blocks clear --state-dir /var/lib/gatepost\n";

static const char export_help[] =
    "usage: gatepost blocks export --format block-table|access|mercury-acl [FILTER...]\n"
    "\n"
    "Prints lines for a person to review and keep. 'gatepost table make --from' reads them back.\n"
    "\n" FILTER_HELP "\n"
    "example: gatepost blocks export --format block-table --all --min-times 3 >>block.txt\n";

static const char import_help[] =
    "usage: gatepost blocks import FILE\n"
    "\n"
    "FILE ('-': standard input) has lines ADDRESS [TIME] [CAUSE...], or those of a block table. If one is\n"
    "wrong, all errors are shown and nothing is changed. Who may not be put there is left out and counted.\n"
    "\n"
    "example: gatepost blocks export --format block-table | ssh mx2 gatepost blocks import -\n";

static const char resize_help[] =
    "usage: gatepost blocks resize N\n"
    "\n"
    "Makes a new file with room for N entries, in the place of the old one, with all that is known but\n"
    "what ended longer ago than block-memory. Where there is no room, who would leave first is dropped.\n"
    "\n"
    "example: gatepost blocks resize 262144\n";

static int usage(const char *help)
{
    fputs(help, stderr);
    return STATUS_USAGE;
}

static bool one_of(const char *command, const char *name, const char *value, const char *const *words,
                   unsigned count, unsigned *out)
{
    for (unsigned i = 0; i < count; i++)
        if (text_eq(text_z(value), text_z(words[i]))) {
            *out = i;
            return true;
        }
    fprintf(stderr, "%s: %s is not '%s' but one of", command, name, value);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, " %s", words[i]);
    fputc('\n', stderr);
    return false;
}

static bool number(const char *command, const char *name, const char *value, uint64_t *out)
{
    if (text_number(text_z(value), UINT32_MAX, out))
        return true;
    fprintf(stderr, "%s: %s needs a number, not '%s'\n", command, name, value);
    return false;
}

static bool read_option(const char *command, int c, const char *value, struct blocks_options *o)
{
    static const char *const orders[ORDERS] = {"until", "address", "hits", "first", "last", "cause"};
    static const char *const formats[EXPORT_FORMATS] = {"block-table", "access", "mercury-acl"};
    unsigned n = 0;
    struct moment at;
    switch (c) {
    case 'c':
        o->config = value;
        return true;
    case 'd':
        o->state_dir = value;
        return true;
    case 'C':
        o->cause = o->filter.cause = value;
        return true;
    case 'A':
        o->filter.address = text_z(value);
        if (ip_prefix_parse(o->filter.address, true, &o->filter.within))
            return true;
        fprintf(stderr, "%s: '%s' is neither an address nor a prefix like 192.0.2.0/24\n", command, value);
        return false;
    case 'H':
        return number(command, "--min-hits", value, &o->filter.min_hits);
    case 'T':
        return number(command, "--min-times", value, &o->filter.min_times);
    case 'a':
        o->filter.all = true;
        return true;
    case 's':
        if (!one_of(command, "--sort", value, orders, ORDERS, &n))
            return false;
        o->order = (enum block_order)n;
        return true;
    case 'f':
        if (!one_of(command, "--format", value, formats, EXPORT_FORMATS, &n))
            return false;
        o->format = (enum export_format)n;
        o->has_format = true;
        return true;
    case 't':
        if (calendar_parse_iso(text_z(value), &at)) {
            o->at = at.seconds;
            return true;
        }
        fprintf(stderr, "%s: --at needs a time like 2003-07-24T01:11:45-07:00, not '%s'\n", command, value);
        return false;
    case 'r':
        o->reverse = true;
        return true;
    case 'j':
        o->json = true;
        return true;
    default:
        return false;
    }
}

int blocks_open(struct blocks *b, enum blocks_use use)
{
    const struct settings *s = b->context.settings;
    char reason[700];
    int outcome = 1;
    if (use != BLOCKS_MAKE)
        outcome = blocklist_open(b->context.dir, s->block_entries, s->block_prefix[0], s->block_prefix[1],
                                 BLOCKLIST_READ_ONLY, &b->list, reason, sizeof reason);
    if (outcome && use != BLOCKS_READ) {
        blocklist_close(&b->list);
        outcome = blocklist_open(b->context.dir, s->block_entries, s->block_prefix[0], s->block_prefix[1], 0,
                                 &b->list, reason, sizeof reason);
    }
    if (outcome && reason[0])
        fprintf(stderr, "%s: %s\n", b->command, reason);
    return outcome < 0 ? -1 : 0;
}

static int run_list(struct blocks *b, const struct blocks_options *o, char **words)
{
    (void)words;
    return blocks_open(b, BLOCKS_READ) == 0 ? blocks_list(b, o) : STATUS_CANNOT;
}

static int run_export(struct blocks *b, const struct blocks_options *o, char **words)
{
    (void)words;
    return blocks_open(b, BLOCKS_READ) == 0 ? blocks_export(b, o) : STATUS_CANNOT;
}

static int run_import(struct blocks *b, const struct blocks_options *o, char **words)
{
    (void)o;
    return blocks_import(b, words[0]);
}

struct verb {
    char title[24]; /* getopt_long() begins its messages with it */
    const char *help;
    const char *options; /* of its own */
    int (*run)(struct blocks *b, const struct blocks_options *o, char **words);
    int least, most; /* words */
};

enum { BEFORE_VERB = sizeof "gatepost blocks " - 1, OPTIONS = 16 };

static int run(struct verb *v, int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"state-dir", required_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"address", required_argument, NULL, 'A'},
                                          {"at", required_argument, NULL, 't'},
                                          {"cause", required_argument, NULL, 'C'},
                                          {"format", required_argument, NULL, 'f'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"min-hits", required_argument, NULL, 'H'},
                                          {"min-times", required_argument, NULL, 'T'},
                                          {"reverse", no_argument, NULL, 'r'},
                                          {"sort", required_argument, NULL, 's'}};
    struct option mine[OPTIONS] = {{0}};
    char letters[OPTIONS] = "hc:";
    size_t n = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (i < 3 || strchr(v->options, known[i].val))
            mine[n++] = known[i];
    for (const char *p = v->options; *p; p++)
        if (strchr("ajr", *p))
            strncat(letters, p, 1);
    struct blocks_options o = {.order = ORDER_UNTIL};
    struct blocks b = {.command = v->title};
    int c;
    argv[0] = v->title;
    optind = 0; /* begin anew: glibc and mingw-w64 alike */
    while ((c = getopt_long(argc, argv, letters, mine, NULL)) != -1) {
        if (c == 'h') {
            fputs(v->help, stdout);
            return STATUS_YES;
        }
        if (!read_option(v->title, c, optarg, &o))
            return usage(v->help);
    }
    int words = argc - optind;
    if (words < v->least || words > v->most || (strchr(v->options, 'f') && !o.has_format))
        return usage(v->help);
    if (state_context_find(&b.context, v->title, o.config, o.state_dir) != 0)
        return STATUS_CANNOT;
    b.now = o.at ? o.at : state_context_now(&b.context);
    int status = v->run(&b, &o, argv + optind);
    blocklist_close(&b.list);
    table_close(&b.exempt);
    state_context_leave(&b.context);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "%s: standard output could not be written\n", v->title);
    return STATUS_CANNOT;
}

int cmd_blocks(int argc, char **argv)
{
    struct verb verbs[] = {
        {"gatepost blocks list", list_help, "aAtCjHTrs", run_list, 0, 0},
        {"gatepost blocks add", add_help, "C", blocks_add, 1, 2},
        {"gatepost blocks remove", remove_help, "", blocks_remove, 1, INT_MAX},
        {"gatepost blocks clear", clear_help, "", blocks_clear, 0, 0},
        {"gatepost blocks export", export_help, "aAtCfHT", run_export, 0, 0},
        {"gatepost blocks import", import_help, "", run_import, 1, 1},
        {"gatepost blocks resize", resize_help, "", blocks_resize, 1, 1},
    };
    struct text verb = text_z(argc > 1 ? argv[1] : "");
    if (text_eq(verb, TEXT("--help")) || text_eq(verb, TEXT("-h"))) {
        fputs(overview, stdout);
        return STATUS_YES;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (text_eq(verb, text_z(verbs[i].title + BEFORE_VERB)))
            return run(&verbs[i], argc - 1, argv + 1);
    return usage(overview);
}
