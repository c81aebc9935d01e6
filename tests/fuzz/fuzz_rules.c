/*
 * Input: a rule file; after its first NUL byte, a text for the rules to judge. The file is read with every
 * warning on. The rules are evaluated for that text and some others, through the index and one by one, as built
 * and as read back from an image: all results must agree.
 */
#include "core/base/writer.h"
#include "core/config/config.h"
#include "core/rules/plugin_checks.h"
#include "tests/unit/lib/both_ways.h"
#include "tests/unit/lib/fake_checks.h"

#include <errno.h>
#include <stdio.h>

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char main_path[] = "/etc/gatepost/gatepost.conf", more_path[] = "/etc/gatepost/more";
static const char more[] = "helo, \"*zombie*\", log\n";

/* A system with drive letters puts one before a path. */
static bool is_at(const char *path, const char *from_root)
{
    char absolute[100];
    return os_absolute(from_root, absolute, sizeof absolute) == 0 && strcmp(path, absolute) == 0;
}

static int read_memory(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    const struct text *file = context;
    const bool is_main = is_at(path, main_path);
    struct text t = is_main ? *file : text_of(more, sizeof more - 1);
    if (!is_main && !is_at(path, more_path))
        return ENOENT;
    *bytes = malloc(t.n + 1);
    if (!*bytes)
        return ENOMEM;
    if (t.n)
        memcpy(*bytes, t.p, t.n);
    *size = t.n;
    *id = (struct file_id){.size = t.n};
    return 0;
}

/* Every plugin has the same two checks. */
static plugin_list read_plugin(void *context, const char *path, struct file_id *id, char *reason, size_t cap)
{
    (void)context, (void)cap;
    reason[0] = '\0';
    *id = (struct file_id){.size = strlen(path)};
    return fake_checks;
}

static plugin_list open_plugin(const char *path, char *reason, size_t cap)
{
    struct file_id id;
    return read_plugin(NULL, path, &id, reason, cap);
}

/* A message must have a place within the line and be one line of text. */
static void look_at_problem(void *context, const struct error *e, bool warning, struct text source)
{
    char line[400], caret[400];
    struct writer l = writer_on(line, sizeof line), c = writer_on(caret, sizeof caret);
    (void)context, (void)warning;
    insist(e->message[0] && e->column <= source.n + 1);
    error_caret(source, e->column, &l, &c);
    insist(!l.cut && !c.cut);
}

static struct table *no_table(void *context, unsigned slot)
{
    (void)context, (void)slot;
    return NULL;
}

struct judged {
    const struct block *built, *kept;
    const struct plugin_checks *checks, *kept_checks;
    struct facts facts;
    struct found each, index, from_kept;
    uint64_t *words;
};

static void look_at_rule(const struct block *r, uint32_t number)
{
    char cause[300];
    struct writer w = writer_on(cause, sizeof cause);
    const struct rule *rule = block_rule(r, number);
    insist(rule != NULL);
    if (!rule)
        return;
    insist(block_source(r, rule).n || (rule->flags & RULE_PATTERN));
    block_cause(r, rule, &w);
    insist(w.n && rule->line && block_reply(r, rule).n <= 500);
}

static void ask(struct judged *j, enum operation op, struct text subject)
{
    found_by_each(j->built, op, &j->facts, subject, &j->each);
    found_by_index(j->built, op, &j->facts, subject, j->words, &j->index);
    insist(found_same(&j->each, &j->index));
    j->facts.rules = j->kept;
    j->facts.plugins = j->kept_checks;
    found_by_index(j->kept, op, &j->facts, subject, j->words, &j->from_kept);
    j->facts.rules = j->built;
    j->facts.plugins = j->checks;
    insist(found_same(&j->each, &j->from_kept));
    for (uint32_t i = 0; i < j->each.n; i++)
        look_at_rule(j->built, j->each.numbers[i]);
}

static void ask_everything(struct judged *j, struct text line)
{
    struct field field;
    j->facts.helo_line = j->facts.mail_line = j->facts.rcpt_line = line;
    j->facts.helo = text_trim(text_skip(line, 5));
    mailbox_from_command(line, &j->facts.sender);
    j->facts.recipient = j->facts.sender;
    for (unsigned op = OP_CONNECT; op <= OP_RCPT; op++)
        ask(j, (enum operation)op, line);
    ask(j, OP_HEADERS, TEXT(""));
    if (!header_split(line, &field))
        return;
    j->facts.field = &field;
    ask(j, OP_HEADER, field.line);
    ask(j, OP_SUBJECT, field.line);
    ask(j, OP_MESSAGE_ID, text_trim(field.value));
    j->facts.field = NULL;
}

static void judge(const struct block *r, const struct plugin_checks *checks, struct text line)
{
    static const struct text lines[] = {
        {"EHLO zombie.example.net", 23},
        {"HELO 192.0.2.1", 14},
        {"EHLO", 4},
        {"MAIL FROM:<a@b.example>", 23},
        {"rcpt to:<sugar@example.com>", 27},
        {"Subject: Cheap viagra", 21},
        {"Message-ID: <a@b.example>", 25},
        {"X-Mailer : The Bulk 1.0", 23},
        {"unknown 203.0.113.9", 19},
    };
    struct text bytes = block_bytes(r);
    void *copy = malloc(bytes.n);
    const uint32_t count = block_rule_count(r);
    const size_t words = block_most_rules(r) / 64 + 1;
    struct judged j = {.built = r, .facts = {.rules = r, .table = no_table, .client_known = true}};
    uint32_t *counts = calloc(block_counter_count(r) + 1, sizeof *counts);
    j.words = calloc(2 * words, sizeof *j.words);
    j.each.numbers = calloc(count + 1, sizeof *j.each.numbers);
    j.index.numbers = calloc(count + 1, sizeof *j.each.numbers);
    j.from_kept.numbers = calloc(count + 1, sizeof *j.each.numbers);
    insist(copy && counts && j.words && j.each.numbers && j.index.numbers && j.from_kept.numbers);
    memcpy(copy, bytes.p, bytes.n);
    struct block *kept = block_borrow(copy, bytes.n);
    insist(kept != NULL);
    kept->distrusted = false; /* otherwise no plugin is opened for it */
    struct plugin_checks *kept_checks;
    insist(plugin_checks_take_up(kept, &plugin_silent_host, open_plugin, &kept_checks));
    kept->distrusted = true;
    j.kept = kept;
    j.checks = checks;
    j.kept_checks = kept_checks;
    j.facts.plugins = checks;
    j.facts.field_count = counts;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ask_everything(&j, lines[i]);
    ask_everything(&j, line);
    block_unref(&kept);
    plugin_checks_unref(&kept_checks);
    free(counts);
    free(j.words);
    free(j.each.numbers);
    free(j.index.numbers);
    free(j.from_kept.numbers);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text all = text_of((const char *)data, size);
    struct text file = text_of(all.p, text_find(all, 0, '\0'));
    struct config_reader reader = {.context = &file, .read = read_memory, .plugin = read_plugin};
    struct report report = {.problem = look_at_problem};
    struct watch_list watch;
    struct plugin_checks *checks;
    struct block *r = config_load(main_path, &reader, CONFIG_LINT, &report, &watch, &checks);
    insist((r == NULL) == (report.errors > 0));
    insist(watch.count && !watch.incomplete);
    watch_list_fini(&watch);
    if (r)
        judge(r, checks, text_skip(all, file.n + 1));
    block_unref(&r);
    plugin_checks_unref(&checks);
    insist(atomic_load(&words_alive) == 0);
    return 0;
}
