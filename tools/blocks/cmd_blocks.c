/*
 * cmd_blocks.c - gatepost blocks: shows and changes the blocklist. A change takes effect at once for every
 * process of the machine, because all have the same file mapped.
 */
#include <limits.h>
#include <stdio.h>

#include "blocks.h"
#include "tools/commands.h"
#include "tools/lib/options.h"
#include "tools/lib/output.h"

static const char overview[] =
    "usage: gatepost blocks VERB [--config CONF | --state-dir DIR] ...\n"
    "\n"
    "  list     show the clients on the blocklist: time left, step, hits, first and last seen, cause\n"
    "  add      put a client on the list\n"
    "  remove   take clients off the list\n"
    "  clear    take all clients off the list\n"
    "  export   print lines for a block table, a Sendmail access file or a MERCURYS.ACL, to review and keep\n"
    "  import   put many clients on the list\n"
    "  resize   make the list larger or smaller\n"
    "\n"
    "  -c, --config CONF       the rule file, which names the state directory and has the settings\n"
    "                          (default: gatepost.conf in this folder, or else /etc/gatepost/gatepost.conf;\n"
    "                          on Windows the one in the folder of gatepost.exe)\n"
    "      --state-dir DIR     the state directory, whatever the rule file names\n"
    "\n"
    "'gatepost blocks VERB --help' says more, with an example. Changes take effect at once.\n";

#define FILTER_HELP                                                                                            \
    "  --cause TEXT       entries whose cause contains TEXT\n"                                                 \
    "  --min-hits N       clients refused at least N times since they were listed\n"                           \
    "  --min-times N      clients put on the list at least N times\n"                                          \
    "  --address PREFIX   entries that overlap with this network or address\n"                                 \
    "  -a, --all          also entries whose time has ended and that are remembered\n"                         \
    "  --at TIME          take this as the present time: 2003-07-24T01:11:45-07:00\n"

static const char list_help[] =
    "usage: gatepost blocks list [--sort KEY] [--reverse] [--json] [FILTER...]\n"
    "\n"
    "  --sort KEY         until (default: the one that ends first), address, hits, first, last, cause\n"
    "  -r, --reverse      reverse the order\n"
    "  -j, --json         one object per line\n" FILTER_HELP "\n"
    "example: gatepost blocks list --sort hits --min-times 2\n";

static const char add_help[] =
    "usage: gatepost blocks add ADDRESS [TIME] [--cause TEXT]\n"
    "\n"
    "Without TIME (30m, 6h, 30d) the client stays as block-time says, longer each time. A client in\n"
    "own-networks, or one that the exemption table exempts, is not put there: exit status 1.\n"
    "\n"
    "  --cause TEXT   the cause, 28 bytes at most (default: by hand)\n"
    "\n"
    "example: gatepost blocks add 61.77.232.38 7d --cause 'Apparent open relay'\n";

static const char remove_help[] =
    "usage: gatepost blocks remove ADDRESS|PREFIX...\n"
    "\n"
    "Takes clients off the list and forgets them; for a prefix, all clients in it. The exit status is 1\n"
    "if one has no entry.\n"
    "\n"
    "example: gatepost blocks remove 61.77.232.38\n";

static const char clear_help[] = "usage: gatepost blocks clear\n"
                                 "\n"
                                 "Takes all clients off the list and forgets them.\n"
                                 "\n"
                                 "example: gatepost blocks clear --state-dir /var/lib/gatepost\n";

static const char export_help[] =
    "usage: gatepost blocks export --format block-table|access|mercury-acl [FILTER...]\n"
    "\n"
    "Prints lines for a person to review and keep. 'gatepost table make --from' reads them.\n"
    "\n" FILTER_HELP "\n"
    "example: gatepost blocks export --format block-table --all --min-times 3 >>block.txt\n";

static const char import_help[] =
    "usage: gatepost blocks import FILE\n"
    "\n"
    "FILE ('-': standard input) has lines ADDRESS [TIME] [CAUSE...], or lines of a block table. If a line\n"
    "is wrong, all errors are shown and nothing is changed. Clients that may not be listed are left out\n"
    "and counted.\n"
    "\n"
    "example: gatepost blocks export --format block-table | ssh mx2 gatepost blocks import -\n";

static const char resize_help[] =
    "usage: gatepost blocks resize N\n"
    "\n"
    "Makes a new file with room for N entries and puts it in place of the old one. It keeps all entries\n"
    "but those that ended longer than block-memory ago. If room is short, the entries that end first are\n"
    "dropped.\n"
    "\n"
    "example: gatepost blocks resize 262144\n";

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

static const struct verb {
    const char *command;
    const char *help;
    const char *options; /* of its own: the keys of the rows in read_options() */
    int (*run)(struct blocks *b, const struct blocks_options *o, char **words);
    int least, most; /* words */
} verbs[] = {
    {"gatepost blocks list", list_help, "aAtCjHTrs", run_list, 0, 0},
    {"gatepost blocks add", add_help, "C", blocks_add, 1, 2},
    {"gatepost blocks remove", remove_help, "", blocks_remove, 1, INT_MAX},
    {"gatepost blocks clear", clear_help, "", blocks_clear, 0, 0},
    {"gatepost blocks export", export_help, "aAtCfHT", run_export, 0, 0},
    {"gatepost blocks import", import_help, "", run_import, 1, 1},
    {"gatepost blocks resize", resize_help, "", blocks_resize, 1, 1},
};

static int read_options(const struct verb *v, struct blocks_options *o, int argc, char **argv, char ***words)
{
    static const char *const orders[] = {"until", "address", "hits", "first", "last", "cause", NULL};
    static const char *const formats[] = {"block-table", "access", "mercury-acl", NULL};
    const char *address = NULL;
    const struct {
        char key;
        struct option_row row;
    } known[] = {
        {'c', {'c', "config", .text = &o->config}},
        {'d', {0, "state-dir", .text = &o->state_dir}},
        {'a', {'a', "all", .flag = &o->filter.all}},
        {'A', {0, "address", .text = &address}},
        {'t', {0, "at", .moment = &o->at}},
        {'C', {0, "cause", .text = &o->cause}},
        {'f', {0, "format", .choice = &o->format, .words = formats}},
        {'j', {'j', "json", .flag = &o->json}},
        {'H', {0, "min-hits", .number = &o->filter.min_hits, .most = UINT32_MAX}},
        {'T', {0, "min-times", .number = &o->filter.min_times, .most = UINT32_MAX}},
        {'r', {'r', "reverse", .flag = &o->reverse}},
        {'s', {0, "sort", .choice = &o->order, .words = orders}},
    };
    struct option_row rows[sizeof known / sizeof *known];
    size_t n = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (i < 2 || strchr(v->options, known[i].key))
            rows[n++] = known[i].row;
    int status =
        options_read(&(struct options){v->command, v->help, rows, n, v->least, v->most}, argc, argv, words);
    if (status != OPTIONS_GO_ON)
        return status;
    o->filter.cause = o->cause;
    o->filter.address = text_z(address);
    if (address && !ip_prefix_parse(o->filter.address, true, &o->filter.within))
        return options_complain(v->command, "'%s' is neither an address nor a prefix like 192.0.2.0/24",
                                address);
    if (strchr(v->options, 'f') && o->format == EXPORT_FORMATS)
        return options_complain(v->command, "--format is missing: block-table, access or mercury-acl");
    return OPTIONS_GO_ON;
}

static int run(const struct verb *v, int argc, char **argv)
{
    struct blocks_options o = {.order = ORDER_UNTIL, .format = EXPORT_FORMATS};
    struct blocks b = {.command = v->command};
    char **words;
    int status = read_options(v, &o, argc, argv, &words);
    if (status != OPTIONS_GO_ON)
        return status;
    if (state_context_find(&b.context, v->command, o.config, o.state_dir) != 0)
        return STATUS_CANNOT;
    b.now = o.at ? o.at : state_context_now(&b.context);
    status = v->run(&b, &o, words);
    blocklist_close(&b.list);
    table_close(&b.exempt);
    state_context_leave(&b.context);
    return output_finish(v->command, status);
}

int cmd_blocks(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], strrchr(verbs[i].command, ' ') + 1) == 0)
            return run(&verbs[i], argc - 1, argv + 1);
    return options_show_verbs(overview, argc, argv);
}
