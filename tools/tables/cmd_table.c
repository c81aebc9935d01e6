#include "tools/commands.h"
#include "core/config/reply.h"
#include "tools/lib/json.h"
#include "tools/lib/options.h"
#include "tools/lib/output.h"
#include "tools/lib/problem.h"
#include "tools/lib/progress.h"
#include "maker.h"

#include <limits.h>
#include <stdio.h>

enum { PROBLEMS_SHOWN = 100, KINDS_NAMED = 4 };

static const char help[] =
    "usage: gatepost table make [--from text|access|mercury-acl] [--kind exempt|block|trap|set] IN OUT\n"
    "       gatepost table dump [--json] FILE\n"
    "       gatepost table get [--exact] [--json] [--verify] FILE [KEY...]\n"
    "\n"
    "  make    make a table from text; IN may be '-'. The old table is replaced when the new one is complete\n"
    "  dump    print a table as text that 'make' reads\n"
    "  get     look up keys in a table: exit status 0 if it has an entry for each, 1 if not\n"
    "\n"
    "'gatepost table VERB --help' says more, with an example. gatepost.conf(5) describes the format.\n";

static const char make_help[] =
    "usage: gatepost table make [--from text|access|mercury-acl] [--kind exempt|block|trap|set] IN OUT\n"
    "\n"
    "  --from FORMAT   text (default), a Sendmail access file, or a MERCURYS.ACL\n"
    "  --kind KIND     what the values are (default: what the first line has). For the other formats,\n"
    "                  which part of the file to take: block (default) or exempt\n"
    "\n"
    "example: gatepost table make exempt.txt /etc/gatepost/exempt.cdb\n"
    "         gatepost table make --from access --kind block /etc/mail/access /etc/gatepost/block.cdb\n";

static const char dump_help[] = "usage: gatepost table dump [--json] FILE\n"
                                "\n"
                                "  --json   one object per line: {\"key\": ..., \"value\": ...}\n"
                                "\n"
                                "example: gatepost table dump /etc/gatepost/exempt.cdb >exempt.txt\n";

static const char get_help[] =
    "usage: gatepost table get [--exact] [--json] [--verify] FILE [KEY...]\n"
    "\n"
    "  --exact    find only entries written like KEY, not those that cover it\n"
    "  --verify   first read the whole file and verify it\n"
    "  --json     one object per line: {\"key\": ..., \"value\": ...}\n"
    "\n"
    "For a client address, a host name or a mailbox the narrowest entry that covers it is used, as in a\n"
    "session. For one KEY the value is printed; for several, the entries that were used, as 'dump' prints\n"
    "them.\n"
    "\n"
    "example: gatepost table get /etc/gatepost/exempt.cdb 192.0.2.17\n";

/* After a hundred problems it is clear that this is the wrong file. */
static void show_problem(void *context, const struct error *e, bool warning, struct text source)
{
    const struct report *r = context;
    if (r->errors + r->warnings <= PROBLEMS_SHOWN)
        problem_show(e, warning, source);
}

/* Reports what an import left out, and what untagged entries became. */
static void say_import(const struct table_job *job)
{
    for (unsigned i = 0; i < LEFT_OUT_KINDS && job->left_out[i].count; i++)
        output_printf(stderr, "%s: left out %llu: %s\n", job->in, (unsigned long long)job->left_out[i].count,
                      job->left_out[i].what);
    if (job->client_senders)
        output_printf(stderr,
                      "%s: %llu domains without a tag hold for clients (client:) and for senders (from:)\n",
                      job->in, (unsigned long long)job->client_senders);
    if (job->both_ways)
        output_printf(stderr,
                      "%s: %llu mailboxes without a tag hold for senders (from:) and for recipients (to:)\n",
                      job->in, (unsigned long long)job->both_ways);
}

static int run_make(int argc, char **argv)
{
    static const char command[] = "gatepost table make";
    static const char *const sources[] = {"text", "access", "mercury-acl", NULL};
    static const char *const kinds[] = {"exempt", "block", "trap", "set", NULL};
    unsigned source = SOURCE_TEXT, choice = KINDS_NAMED;
    char **words;
    const struct option_row rows[] = {{0, "from", .choice = &source, .words = sources},
                                      {0, "kind", .choice = &choice, .words = kinds}};
    int status = options_read(&(struct options){command, make_help, rows, 2, 2, 2}, argc, argv, &words);
    if (status != OPTIONS_GO_ON)
        return status;
    enum table_kind kind = choice == KINDS_NAMED ? KIND_UNKNOWN : (enum table_kind)(KIND_EXEMPT + choice);
    /* Such a file has both kinds; what is not taken is counted, and the count says how to get it. */
    if (source != SOURCE_TEXT && kind == KIND_UNKNOWN)
        kind = KIND_BLOCK;
    if (source != SOURCE_TEXT && kind != KIND_EXEMPT && kind != KIND_BLOCK)
        return options_complain(command, "this format can only become --kind exempt or --kind block");
    struct report report = {.problem = show_problem};
    report.context = &report;
    struct table_job job = {
        .source = (enum table_source)source, .kind = kind, .in = words[0], .out = words[1], .report = &report};
    int result = table_make(&job);
    if (report.errors > PROBLEMS_SHOWN)
        output_printf(stderr, "%s: and %u more problems\n", job.in, report.errors - PROBLEMS_SHOWN);
    if (result)
        return result < 0 ? STATUS_CANNOT : STATUS_NO;
    say_import(&job);
    output_printf(stdout, "%s: %llu keys\n", job.out, (unsigned long long)job.count);
    return output_finish(command, STATUS_YES);
}

/* A key as `make` reads it: without "client:", and with quotes around a local part that needs them. */
static void write_key(struct writer *w, struct text key)
{
    struct text rest = key;
    unsigned tag = 0;
    while (tag < TAG_COUNT && !text_starts_nocase(key, table_tag_prefix[tag]))
        tag++;
    if (tag < TAG_COUNT)
        rest = text_skip(key, table_tag_prefix[tag].n);
    if (tag != TAG_CLIENT)
        writer_add(w, text_of(key.p, key.n - rest.n));
    size_t local = rest.n;
    while (local > 0 && rest.p[local - 1] != '@')
        local--;
    bool plain = true;
    for (size_t i = 0; i + 1 < local; i++)
        plain = plain && !is_blank((unsigned char)rest.p[i]) && !strchr("\"\\@<>()", rest.p[i]);
    if (plain) {
        writer_add(w, rest);
        return;
    }
    writer_char(w, '"');
    for (size_t i = 0; i + 1 < local; i++) {
        if (rest.p[i] == '"' || rest.p[i] == '\\')
            writer_char(w, '\\');
        writer_char(w, rest.p[i]);
    }
    writer_char(w, '"');
    writer_add(w, text_skip(rest, local - 1));
}

/* Whether `make` can read the record back from its line: the key as we write it must be that key, and
 * neither key nor value may have bytes that would end the line, begin a comment or be invisible. */
static bool is_line(struct text key, struct text value)
{
    char written[2 * TABLE_KEY_MAX + 8], canonical[TABLE_KEY_MAX];
    const char *problem = NULL;
    struct writer w = writer_on(written, sizeof written);
    if (maker_text_size(key) < key.n || maker_text_size(value) < value.n || text_trim(value).n != value.n ||
        memchr(key.p, '\t', key.n))
        return false;
    write_key(&w, key);
    size_t n = w.cut ? 0 : table_canonical_key(writer_text(&w), canonical, &problem);
    for (size_t i = 0; i < value.n && !reply_has_code(value); i++)
        if (value.p[i] == '#' && (i == 0 || is_blank((unsigned char)value.p[i - 1])))
            return false;
    return n && w.p[0] != '#' && text_eq(text_of(canonical, n), key);
}

/* Prints a record as a line of text or as JSON. Returns false if it cannot be a line: then it is a comment. */
static bool print_record(struct text key, struct text value, bool as_json)
{
    if (as_json) {
        struct json j = json_on(stdout);
        json_object(&j, NULL);
        json_text(&j, "key", key);
        json_text(&j, "value", value);
        json_end(&j);
        return true;
    }
    char written[2 * TABLE_KEY_MAX + 8];
    struct writer w = writer_on(written, sizeof written);
    write_key(&w, key);
    if (!is_line(key, value)) {
        output_printf(stdout, "# no line: %.*s\t%.*s\n", (int)w.n, w.p, (int)value.n, value.p);
        return false;
    }
    fwrite(w.p, 1, w.n, stdout);
    if (value.n) {
        putchar('\t');
        fwrite(value.p, 1, value.n, stdout);
    }
    putchar('\n');
    return true;
}

static int complain(const char *path, const char *reason)
{
    fflush(stdout);
    output_printf(stderr, "%s: %s\n", path, reason);
    return STATUS_CANNOT;
}

static int run_dump(int argc, char **argv)
{
    static const char command[] = "gatepost table dump";
    bool as_json = false;
    struct table *t;
    char reason[256], **words;
    const struct option_row rows[] = {{'j', "json", .flag = &as_json}};
    int status = options_read(&(struct options){command, dump_help, rows, 1, 1, 1}, argc, argv, &words);
    if (status != OPTIONS_GO_ON)
        return status;
    if (table_open(words[0], &t, reason, sizeof reason) != 0)
        return complain(words[0], reason);
    struct text key, value;
    uint64_t position = 0;
    int more;
    uint64_t left_out = 0;
    while ((more = table_next(t, &position, &key, &value)) > 0)
        left_out += !print_record(key, value, as_json);
    table_close(&t);
    if (more < 0)
        return complain(words[0], "damaged; make it again from its text");
    if (left_out)
        output_printf(stderr, "%s: %llu records cannot be lines of a text and are comments; --json has them\n",
                      words[0], (unsigned long long)left_out);
    return output_finish(command, left_out ? STATUS_NO : STATUS_YES);
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

struct get {
    bool exact, json, verify;
};

/* Returns the status for one key. */
static int get_key(const struct table *t, const char *path, const char *written, const struct get *o,
                   bool value_only)
{
    char key[TABLE_KEY_MAX];
    const char *problem = NULL;
    struct text value, matched;
    size_t n = table_canonical_key(text_z(written), key, &problem);
    if (!n) {
        output_printf(stderr, "%s: %s\n", written, problem);
        return STATUS_USAGE;
    }
    matched = text_of(key, n);
    int found = o->exact ? table_key(t, matched, &value) : table_ask(t, matched, &value, &matched);
    if (found < 0)
        return complain(path, "damaged; make it again from its text");
    if (found && value_only) {
        output_printf(stdout, "%.*s\n", (int)value.n, value.p);
    } else if (found) {
        print_record(matched, value, o->json);
    }
    return found ? STATUS_YES : STATUS_NO;
}

static int run_get(int argc, char **argv)
{
    static const char command[] = "gatepost table get";
    struct get o = {.json = false};
    struct table *t;
    char reason[256], **words;
    const struct option_row rows[] = {
        {'e', "exact", .flag = &o.exact}, {'j', "json", .flag = &o.json}, {'v', "verify", .flag = &o.verify}};
    int status = options_read(&(struct options){command, get_help, rows, 3, 1, INT_MAX}, argc, argv, &words);
    if (status != OPTIONS_GO_ON)
        return status;
    const char *path = words[0];
    if (!words[1] && !o.verify)
        return options_complain(command, "no KEY given");
    if (table_open(path, &t, reason, sizeof reason) != 0)
        return complain(path, reason);
    status = o.verify && !verify(t, path) ? STATUS_CANNOT : STATUS_YES;
    for (char **key = words + 1; *key && status != STATUS_CANNOT; key++) {
        int one = get_key(t, path, *key, &o, !words[2] && !o.json);
        if (one > status)
            status = one;
    }
    table_close(&t);
    return output_finish(command, status);
}

int cmd_table(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {{"make", run_make}, {"dump", run_dump}, {"get", run_get}};
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    return options_show_verbs(help, argc, argv);
}
