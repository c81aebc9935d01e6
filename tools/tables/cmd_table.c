#include "tools/commands.h"
#include "tools/lib/json.h"
#include "tools/lib/problem.h"
#include "tools/lib/progress.h"
#include "make.h"

#include <getopt.h>
#include <stdio.h>

enum { PROBLEMS_SHOWN = 100 };

static const char help[] =
    "usage: gatepost table make [--from text|access|mercury-acl] [--kind exempt|block|trap|set] IN OUT\n"
    "       gatepost table dump [--json] FILE\n"
    "       gatepost table get [--exact] [--json] [--verify] FILE [KEY...]\n"
    "\n"
    "  make    text into a table; IN may be '-'. The old table is replaced when the new one is complete\n"
    "  dump    a table as text that 'make' takes back\n"
    "  get     what a table says for these keys: status 0 if it says something for each, 1 if not\n"
    "\n"
    "'gatepost table make --help' and so on tell more, with an example. gatepost.conf(5) has the format.\n";

static const char make_help[] =
    "usage: gatepost table make [--from text|access|mercury-acl] [--kind exempt|block|trap|set] IN OUT\n"
    "\n"
    "  --from FORMAT   text (default), a Sendmail access file, or a MERCURYS.ACL\n"
    "  --kind KIND     what the values are; seen from the first line if not given. With the other\n"
    "                  formats it says which part of the file is wanted: block (default) or exempt\n"
    "\n"
    "example: gatepost table make exempt.txt /etc/gatepost/exempt.cdb\n"
    "         gatepost table make --from access --kind block /etc/mail/access /etc/gatepost/block.cdb\n";

static const char dump_help[] = "usage: gatepost table dump [--json] FILE\n"
                                "\n"
                                "  --json   one object per line: {\"key\":...,\"value\":...}\n"
                                "\n"
                                "example: gatepost table dump /etc/gatepost/exempt.cdb >exempt.txt\n";

static const char get_help[] =
    "usage: gatepost table get [--exact] [--json] [--verify] FILE [KEY...]\n"
    "\n"
    "  --exact    only entries that are written so, not those that cover a KEY\n"
    "  --verify   first read the whole file and check it\n"
    "  --json     one object per line: {\"key\":...,\"value\":...}\n"
    "\n"
    "The narrowest entry speaks for a client address, a host name or a mailbox, as in a session. For one\n"
    "KEY the value is printed, for more of them lines as 'dump' has them, with the entry that spoke.\n"
    "\n"
    "example: gatepost table get /etc/gatepost/exempt.cdb 192.0.2.17\n";

struct options {
    enum table_source source;
    enum table_kind kind;
    bool exact, json, verify, help, wrong;
};

static bool one_of(const char *name, const char *value, const char *const *words, unsigned count, unsigned *out)
{
    for (unsigned i = 0; i < count; i++)
        if (text_eq(text_z(value), text_z(words[i]))) {
            *out = i;
            return true;
        }
    fprintf(stderr, "gatepost table: %s is not '%s' but one of", name, value);
    for (unsigned i = 0; i < count; i++)
        if (words[i][0])
            fprintf(stderr, " %s", words[i]);
    fputc('\n', stderr);
    return false;
}

static struct options read_options(int argc, char **argv, const char *short_options, const struct option *known)
{
    static const char *const sources[] = {"text", "access", "mercury-acl"};
    static const char *const kinds[] = {"", "exempt", "block", "trap", "set"};
    struct options o = {.source = SOURCE_TEXT};
    unsigned number = 0;
    int c;
    optind = 0; /* begin anew: glibc and mingw-w64 alike */
    while ((c = getopt_long(argc, argv, short_options, known, NULL)) != -1) {
        if (c == 'h')
            o.help = true;
        else if (c == 'j')
            o.json = true;
        else if (c == 'e')
            o.exact = true;
        else if (c == 'v')
            o.verify = true;
        else if (c == 'f' && one_of("--from", optarg, sources, 3, &number))
            o.source = (enum table_source)number;
        else if (c == 'k' && one_of("--kind", optarg, kinds, 5, &number))
            o.kind = (enum table_kind)number;
        else
            o.wrong = true;
    }
    return o;
}

static int usage(const char *text)
{
    fputs(text, stderr);
    return STATUS_USAGE;
}

/* After a hundred problems it is clear that this is the wrong file. */
static void show_problem(void *context, const struct error *e, bool warning, struct text source)
{
    const struct report *r = context;
    if (r->errors + r->warnings <= PROBLEMS_SHOWN)
        problem_show(e, warning, source);
}

static int run_make(int argc, char **argv)
{
    static const struct option known[] = {{"from", required_argument, NULL, 'f'},
                                          {"kind", required_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    struct options o = read_options(argc, argv, "hf:k:", known);
    if (o.help) {
        fputs(make_help, stdout);
        return STATUS_YES;
    }
    if (o.wrong || argc - optind != 2)
        return usage(make_help);
    /* Such a file holds both; what is not taken is counted, and the count says how to get it. */
    if (o.source != SOURCE_TEXT && o.kind == KIND_UNKNOWN)
        o.kind = KIND_BLOCK;
    if (o.source != SOURCE_TEXT && o.kind != KIND_EXEMPT && o.kind != KIND_BLOCK) {
        fputs("gatepost table make: from this format only --kind exempt or --kind block can be made\n", stderr);
        return STATUS_USAGE;
    }
    struct report report = {.problem = show_problem};
    report.context = &report;
    struct table_job job = {
        .source = o.source, .kind = o.kind, .in = argv[optind], .out = argv[optind + 1], .report = &report};
    int result = table_make(&job);
    if (report.errors > PROBLEMS_SHOWN)
        fprintf(stderr, "%s: and %u problems more\n", job.in, report.errors - PROBLEMS_SHOWN);
    if (result)
        return result < 0 ? STATUS_CANNOT : STATUS_NO;
    for (unsigned i = 0; i < LEFT_OUT_KINDS && job.left_out[i].count; i++)
        fprintf(stderr, "%s: left out %llu: %s\n", job.in, (unsigned long long)job.left_out[i].count,
                job.left_out[i].what);
    printf("%s: %llu keys\n", job.out, (unsigned long long)job.count);
    return STATUS_YES;
}

/* A key as `make` reads it: without "client:", and with quotes round a local part that needs them. */
static void print_key(struct text key)
{
    struct text rest = key;
    unsigned tag = 0;
    while (tag < TAG_COUNT && !text_starts_nocase(key, table_tag_prefix[tag]))
        tag++;
    if (tag < TAG_COUNT)
        rest = text_skip(key, table_tag_prefix[tag].n);
    if (tag != TAG_CLIENT)
        fwrite(key.p, 1, key.n - rest.n, stdout);
    size_t local = rest.n;
    while (local > 0 && rest.p[local - 1] != '@')
        local--;
    bool plain = true;
    for (size_t i = 0; i + 1 < local; i++)
        plain = plain && !is_blank((unsigned char)rest.p[i]) && !strchr("\"\\@<>()", rest.p[i]);
    if (plain) {
        fwrite(rest.p, 1, rest.n, stdout);
        return;
    }
    putchar('"');
    for (size_t i = 0; i + 1 < local; i++) {
        if (rest.p[i] == '"' || rest.p[i] == '\\')
            putchar('\\');
        putchar(rest.p[i]);
    }
    putchar('"');
    fwrite(rest.p + local - 1, 1, rest.n - local + 1, stdout);
}

static void print_record(struct text key, struct text value, bool json)
{
    if (json) {
        fputs("{\"key\":", stdout);
        json_string(stdout, key);
        fputs(",\"value\":", stdout);
        json_string(stdout, value);
        putchar('}');
    } else {
        print_key(key);
        if (value.n) {
            putchar('\t');
            fwrite(value.p, 1, value.n, stdout);
        }
    }
    putchar('\n');
}

static int complain(const char *path, const char *reason)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", path, reason);
    return STATUS_CANNOT;
}

static int finish_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    return complain("standard output", "could not be written");
}

static int run_dump(int argc, char **argv)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct options o = read_options(argc, argv, "hj", known);
    struct table *t;
    char reason[256];
    if (o.help) {
        fputs(dump_help, stdout);
        return STATUS_YES;
    }
    if (o.wrong || argc - optind != 1)
        return usage(dump_help);
    const char *path = argv[optind];
    if (table_open(path, &t, reason, sizeof reason) != 0)
        return complain(path, reason);
    struct text key, value;
    uint64_t position = 0;
    int more;
    while ((more = table_next(t, &position, &key, &value)) > 0)
        print_record(key, value, o.json);
    table_close(&t);
    return more < 0 ? complain(path, "damaged; make it anew from its text") : finish_output(STATUS_YES);
}

static void show_progress(void *context, uint64_t done, uint64_t all)
{
    progress_show(context, done, all);
}

static bool verify(const struct table *t, const char *path)
{
    char reason[256];
    struct progress progress = progress_start(path);
    int error = table_verify(t, reason, sizeof reason, show_progress, &progress);
    progress_done(&progress);
    if (error)
        complain(path, reason);
    return !error;
}

/* Returns the status for one key. */
static int get_key(const struct table *t, const char *path, const char *written, const struct options *o,
                   bool value_only)
{
    char key[TABLE_KEY_MAX];
    const char *problem = NULL;
    struct text value, matched;
    size_t n = table_canonical_key(text_z(written), key, &problem);
    if (!n) {
        fprintf(stderr, "%s: %s\n", written, problem);
        return STATUS_USAGE;
    }
    matched = text_of(key, n);
    int found = o->exact ? table_key(t, matched, &value) : table_ask(t, matched, &value, &matched);
    if (found < 0)
        return complain(path, "damaged; make it anew from its text");
    if (found && value_only) {
        fwrite(value.p, 1, value.n, stdout);
        putchar('\n');
    } else if (found) {
        print_record(matched, value, o->json);
    }
    return found ? STATUS_YES : STATUS_NO;
}

static int run_get(int argc, char **argv)
{
    static const struct option known[] = {{"json", no_argument, NULL, 'j'},
                                          {"verify", no_argument, NULL, 'v'},
                                          {"exact", no_argument, NULL, 'e'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    struct options o = read_options(argc, argv, "ehjv", known);
    struct table *t;
    char reason[256];
    if (o.help) {
        fputs(get_help, stdout);
        return STATUS_YES;
    }
    int keys = argc - optind - 1, status = STATUS_YES;
    if (o.wrong || keys < 0 || (keys == 0 && !o.verify))
        return usage(get_help);
    const char *path = argv[optind];
    if (table_open(path, &t, reason, sizeof reason) != 0)
        return complain(path, reason);
    if (o.verify && !verify(t, path))
        status = STATUS_CANNOT;
    for (int i = 0; i < keys && status != STATUS_CANNOT; i++) {
        int one = get_key(t, path, argv[optind + 1 + i], &o, keys == 1 && !o.json);
        if (one > status)
            status = one;
    }
    table_close(&t);
    return finish_output(status);
}

int cmd_table(int argc, char **argv)
{
    enum { BEFORE_VERB = sizeof "gatepost table " - 1 };
    struct {
        char title[24]; /* getopt_long() begins its messages with it */
        int (*run)(int argc, char **argv);
    } verbs[] = {
        {"gatepost table make", run_make}, {"gatepost table dump", run_dump}, {"gatepost table get", run_get}};
    struct text verb = text_z(argc > 1 ? argv[1] : "");
    if (text_eq(verb, TEXT("--help")) || text_eq(verb, TEXT("-h"))) {
        fputs(help, stdout);
        return STATUS_YES;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (text_eq(verb, text_z(verbs[i].title + BEFORE_VERB))) {
            argv[1] = verbs[i].title;
            return verbs[i].run(argc - 1, argv + 1);
        }
    return usage(help);
}
