#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/rules/checks.h"
#include "lint.h"
#include "core/pattern/pattern.h"
#include "rule_line.h"
#include "settings.h"

enum { FILE_MOST = 64 << 20, ARENA_MOST = 64 << 20, DEPTH_MOST = 16, FILES_MOST = 1000, PATH_MOST = 4096 };

/* A use of a table, which a later line may define. */
struct pending_table {
    struct pending_table *next;
    struct line line;
    size_t at;
    uint32_t slot;
    struct text name;
};

struct load {
    struct builder *builder;
    struct arena arena;
    struct settings_parse settings;
    struct config_reader reader;
    struct report *report;
    struct watch_list *watch;
    struct plugin_checks **compiled;
    struct lint lint;
    struct pending_table *pending;
    unsigned flags;
    unsigned files;
    const char *open[DEPTH_MOST]; /* paths of the files being read, the main one first */
    unsigned depth;
    unsigned char code[PATTERN_CODE_MAX];
};

static int read_file(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    (void)context;
    return os_read(path, FILE_MOST, bytes, size, id);
}

static plugin_list read_plugin(void *context, const char *path, struct file_id *id, char *reason, size_t cap)
{
    (void)context;
    reason[0] = '\0';
    int error = os_file_id(path, id);
    if (error == ENOENT || error == ENOTDIR)
        return NULL;
    if (!error)
        return plugin_open(path, reason, cap);
    os_reason(error, reason, cap);
    return NULL;
}

static void out_of_memory(struct load *c, const char *file)
{
    struct error e;
    error_set(&e, file, 0, 0, "out of memory while reading the rules");
    error_report(c->report, &e, false, TEXT(""));
    if (c->watch)
        c->watch->incomplete = true;
}

/* The folder of PATH, in the arena. */
static const char *folder_of(struct load *c, const char *path)
{
    size_t n = os_folder_size(path);
    return arena_text(&c->arena, text_of(path, n > 1 ? n - 1 : n)).p;
}

static void load_file(struct load *c, const char *path, const char *shown, struct text name, struct line *from);

/* Reads "file" with nothing after it. Returns false if that is not what follows; leaves L->at at the quote. */
static bool parse_file_name(struct line *l, const char *example, struct text *name)
{
    line_blanks(l);
    const size_t at = l->at;
    if (!line_quoted(l, name))
        return line_peek(l) == '"' ? false
                                   : line_error(l, at, "expected a file in double quotes, as in: %s", example);
    line_blanks(l);
    if (!line_over(l) && line_peek(l) != '#')
        return line_error(l, l->at, "nothing more is expected here");
    if (name->n == 0 || memchr(name->p, '\0', name->n))
        return line_error(l, at, "the file name is missing");
    l->at = at;
    return true;
}

/* include "file" */
static void parse_include(struct load *c, struct line *l, const char *folder, const char *shown)
{
    struct text name;
    if (!parse_file_name(l, "include \"TRANSFLT.MER\"", &name))
        return;
    struct text path = settings_path(&c->arena, folder, name);
    const char *shown_folder = folder_of(c, shown);
    struct text shown_path = shown_folder ? settings_path(&c->arena, shown_folder, name) : path;
    struct text kept = arena_text(&c->arena, name);
    if (!path.p || !shown_path.p || !kept.p) {
        out_of_memory(c, shown);
        return;
    }
    load_file(c, path.p, shown_path.p, kept, l);
}

/* Takes up the plugin at PATH. Returns false without an error if there is none. */
static bool load_plugin(struct load *c, struct line *l, struct text name, struct text path)
{
    char reason[400];
    struct file_id id = {0};
    plugin_list list = NULL;
    reason[0] = '\0';
    if (c->reader.plugin)
        list = c->reader.plugin(c->reader.context, path.p, &id, reason, sizeof reason);
    watch_list_note(c->watch, path.p, &id);
    /* Record a missing file too: its appearance must trigger a reload. */
    builder_file(c->builder, name, path, &id);
    if (!list) {
        /* The cause may be outside our files: a library, memory, a descriptor. So the plugin is tried again. */
        if (reason[0] && c->watch)
            c->watch->incomplete = true;
        if (reason[0])
            line_error(l, l->at, "cannot load %s: %s", path.p, reason);
        return reason[0] != '\0';
    }
    bool is_new;
    uint32_t plugin = builder_plugin(c->builder, path, &is_new);
    if (is_new && !plugin_add(builder_known_checks(c->builder), plugin, list, reason, sizeof reason))
        line_error(l, l->at, "cannot load %s: %s", path.p, reason);
    return true;
}

/* load "checks/regex": beside the file that names it, or else where gatepost is installed. */
static void parse_load(struct load *c, struct line *l, const char *folder)
{
    char home[PATH_MOST];
    struct text name;
    if (!parse_file_name(l, "load \"checks/regex\"", &name))
        return;
    const struct text suffix = text_z(os_plugin_suffix);
    if (text_ends_nocase(name, suffix)) {
        line_error(l, l->at + 1 + name.n - suffix.n, "leave '%s' out; gatepost adds it", os_plugin_suffix);
        return;
    }
    os_plugin_home(home, sizeof home);
    char *file = arena_alloc(&c->arena, name.n + suffix.n + 1);
    if (!file)
        return; /* load_all() reports it */
    memcpy(file, name.p, name.n);
    memcpy(file + name.n, suffix.p, suffix.n + 1);
    struct text here = settings_path(&c->arena, folder, text_z(file));
    struct text installed = settings_path(&c->arena, home, text_z(file));
    if (!here.p || !installed.p || load_plugin(c, l, name, here))
        return;
    if (text_eq(here, installed) || !home[0])
        line_error(l, l->at, "cannot load %.*s: %s does not exist", (int)name.n, name.p, here.p);
    else if (!load_plugin(c, l, name, installed))
        line_error(l, l->at, "cannot load %.*s: neither %s nor %s exists", (int)name.n, name.p, here.p,
                   installed.p);
}

/* Notes the table that a test looks things up in: whether a setting defines it is known at the end. */
static void note_pending(struct load *c, const struct line *l, const struct rule_draft *test,
                         const struct rule_args *args)
{
    if ((test->flags & (RULE_PATTERN | RULE_PLUGIN)) || checks_registry[test->check].operand != OPERAND_TABLE)
        return;
    struct pending_table *p = arena_alloc(&c->arena, sizeof *p);
    if (!p)
        return;
    *p = (struct pending_table){.next = c->pending, .line = *l, .at = args->at, .slot = test->operand & 0xffff};
    p->line.text = arena_text(&c->arena, l->text);
    p->name = arena_text(&c->arena, args->text);
    c->pending = p;
}

/* What a session must look up or remember because some rule asks for it. */
static void note_watched(struct settings *settings, const struct rule_text *rule)
{
    if (rule->needs_name)
        settings->needs_name = 1;
    for (uint32_t i = 0; i <= rule->draft.more_n; i++) {
        const struct rule_draft *test = i ? rule->more + i - 1 : &rule->draft;
        const char *check = test->flags & (RULE_PATTERN | RULE_PLUGIN) ? "" : checks_registry[test->check].name;
        if (strcmp(check, "trap") == 0 && test->operation > OP_RCPT)
            settings->watches |= WATCH_TRAPS;
        if (strcmp(check, "own-trace") == 0)
            settings->watches |= WATCH_TRACE;
    }
}

static void parse_rule(struct load *c, struct line *l, uint32_t file)
{
    struct rule_text rule;
    if (!rule_line_parse(l, c->builder, c->code, &rule))
        return;
    rule.draft.file = file;
    rule.draft.more = rule.more;
    note_pending(c, l, &rule.draft, &rule.args);
    for (uint32_t i = 0; i < rule.draft.more_n; i++) {
        rule.more[i].file = file;
        note_pending(c, l, rule.more + i, rule.more_args + i);
    }
    note_watched(builder_settings(c->builder), &rule);
    if (c->flags & CONFIG_LINT)
        lint_rule(&c->lint, l, &rule);
    builder_rule(c->builder, &rule.draft);
}

static void parse_line(struct load *c, struct line *l, const char *folder, uint32_t file)
{
    line_blanks(l);
    if (line_over(l) || line_peek(l) == '#')
        return;
    struct text word = line_word(l);
    if (text_eq_nocase(word, TEXT("include"))) {
        parse_include(c, l, folder, l->file);
        return;
    }
    if (text_eq_nocase(word, TEXT("load"))) {
        const unsigned errors = c->report->errors;
        parse_load(c, l, folder);
        if (c->report->errors > errors)
            builder_known_checks(c->builder)->missing = true;
        return;
    }
    l->at = 0;
    if (settings_is_line(l)) {
        c->settings.folder = folder;
        c->settings.is_main_file = c->depth == 1;
        settings_parse_line(&c->settings, l);
    } else {
        parse_rule(c, l, file);
    }
}

/* The lines of a file, to be taken by take_line(): without the mark that Windows editors put first, and without the
 * Ctrl-Z, one or a block of them, that DOS editors put last. */
static struct text file_lines(struct text file)
{
    while (file.n && file.p[file.n - 1] == 0x1a)
        file.n--;
    return file.n >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0 ? text_skip(file, 3) : file;
}

/* Takes the next line off *REST, without its line end. Returns false at the end. */
static bool take_line(struct text *rest, struct line *l)
{
    if (rest->n == 0)
        return false;
    const size_t end = text_find(*rest, 0, '\n');
    l->text = text_of(rest->p, end);
    if (l->text.n && l->text.p[l->text.n - 1] == '\r')
        l->text.n--;
    l->number++;
    l->at = 0;
    *rest = text_skip(*rest, end + 1);
    return true;
}

/* What Notepad calls Unicode: a mark of two bytes, or a NUL beside the first letter. */
static bool is_utf16(struct text file)
{
    return file.n >= 2 && (memcmp(file.p, "\xff\xfe", 2) == 0 || memcmp(file.p, "\xfe\xff", 2) == 0 ||
                           (file.p[0] == '\0') != (file.p[1] == '\0'));
}

static void parse_text(struct load *c, struct text text, const char *shown, const char *folder, uint32_t file)
{
    struct line l = {.file = shown, .report = c->report};
    if (is_utf16(text)) {
        l.number = 1;
        line_error(&l, 0, "this file is UTF-16; save it as ANSI or UTF-8");
        return;
    }
    text = file_lines(text);
    while (take_line(&text, &l)) {
        size_t nul = text_find(l.text, 0, '\0');
        if (nul < l.text.n)
            line_error(&l, nul, "a rule file cannot contain a NUL byte");
        else
            parse_line(c, &l, folder, file);
    }
}

static bool may_open(struct load *c, const char *path, struct line *from)
{
    for (unsigned i = 0; i < c->depth; i++)
        if (strcmp(c->open[i], path) == 0)
            return line_error(from, from->at, "this file includes itself");
    if (c->depth == DEPTH_MOST || c->files == FILES_MOST)
        return line_error(from, from->at, "too many files include each other");
    return true;
}

/* FROM is the include line, NULL for the main file. SHOWN is the path for messages, NAME the name in causes
 * and log lines. */
static void load_file(struct load *c, const char *path, const char *shown, struct text name, struct line *from)
{
    char *bytes = NULL;
    size_t size = 0;
    struct file_id id = {0};
    if (from && !may_open(c, path, from))
        return;
    int error = c->reader.read(c->reader.context, path, &bytes, &size, &id);
    watch_list_note(c->watch, path, &id);
    if (error && c->watch && os_may_pass(error))
        c->watch->incomplete = true;
    if (error) {
        char reason[128];
        struct error e;
        os_reason(error, reason, sizeof reason);
        if (from)
            line_error(from, from->at, "cannot read %s: %s", shown, reason);
        else
            error_set(&e, shown, 0, 0, "cannot read the rule file: %s", reason);
        if (!from)
            error_report(c->report, &e, false, TEXT(""));
        return;
    }
    const char *folder = folder_of(c, path);
    if (folder) {
        c->open[c->depth++] = path;
        c->files++;
        uint32_t file = builder_file(c->builder, name, text_z(path), &id);
        parse_text(c, text_of(bytes, size), shown, folder, file);
        c->depth--;
    } else {
        out_of_memory(c, shown);
    }
    free(bytes);
}

static void resolve_tables(struct load *c)
{
    for (struct pending_table *p = c->pending; p; p = p->next)
        if (!builder_table_has_path(c->builder, p->slot))
            line_error(&p->line, p->at, "there is no table '%.*s'; define it: table %.*s = %.*s.cdb",
                       (int)p->name.n, p->name.p, (int)p->name.n, p->name.p, (int)p->name.n, p->name.p);
}

static const char *base_name(const char *path)
{
    return path + os_folder_size(path);
}

static struct block *load_all(struct load *c, const char *path, const char *absolute)
{
    c->settings.builder = c->builder;
    c->settings.arena = &c->arena;
    settings_defaults(&c->settings);
    const char *shown = arena_text(&c->arena, text_z(path)).p;
    const char *main = arena_text(&c->arena, text_z(absolute)).p;
    const char *folder = main ? folder_of(c, main) : NULL;
    if (!shown || !folder) {
        out_of_memory(c, path);
        return NULL;
    }
    load_file(c, main, shown, text_z(base_name(shown)), NULL);
    settings_finish(&c->settings, folder);
    resolve_tables(c);
    if (c->arena.failed)
        out_of_memory(c, path);
    if (c->report->errors)
        return NULL;
    struct block *r = builder_finish(c->builder, c->compiled);
    if (!r)
        out_of_memory(c, path);
    else if (c->flags & CONFIG_LINT)
        lint_hidden(&c->lint, r, c->report);
    return r;
}

struct block *config_load(const char *path, const struct config_reader *reader, unsigned flags,
                          struct report *report, struct watch_list *watch, struct plugin_checks **checks)
{
    struct block *r = NULL;
    char absolute[PATH_MOST];
    struct report nowhere = {0};
    struct load *c = calloc(1, sizeof *c);
    if (watch)
        watch_list_init(watch);
    if (checks)
        *checks = NULL;
    int error = c ? os_absolute(path, absolute, sizeof absolute) : ENOMEM;
    if (!error && !(c->builder = builder_new(checks_stamp())))
        error = ENOMEM;
    if (error) {
        char reason[128];
        struct error e;
        error_set(&e, path, 0, 0, "cannot read the rule file: %s", os_reason(error, reason, sizeof reason));
        error_report(report ? report : &nowhere, &e, false, TEXT(""));
        if (watch)
            watch->incomplete = true;
        free(c);
        return NULL;
    }
    arena_init(&c->arena, ARENA_MOST);
    if (reader)
        c->reader = *reader;
    if (!c->reader.read) {
        c->reader.read = read_file;
        c->reader.plugin = read_plugin;
    }
    builder_host(c->builder, c->reader.host ? c->reader.host : &plugin_silent_host);
    c->report = report ? report : &nowhere;
    c->watch = watch;
    c->compiled = checks;
    c->flags = flags;
    lint_init(&c->lint);
    r = load_all(c, path, absolute);
    lint_fini(&c->lint);
    builder_free(&c->builder);
    arena_fini(&c->arena);
    free(c);
    return r;
}

void config_state_dir(const char *path, char *out, size_t cap)
{
    char *bytes;
    size_t size;
    struct file_id id;
    struct line l = {.file = path};
    struct text dir = TEXT("");
    struct writer w = writer_on(out, cap);
    if (os_read(path, FILE_MOST, &bytes, &size, &id) != 0)
        return;
    struct text rest = file_lines(text_of(bytes, size));
    while (take_line(&rest, &l))
        if (settings_line_sets(&l, "state-dir", &dir) && dir.n)
            break;
    if (dir.n && !settings_path_is_absolute(dir))
        writer_add(&w, text_of(path, os_folder_size(path)));
    writer_add(&w, dir);
    if (w.cut)
        out[0] = '\0';
    free(bytes);
}

void config_usual_state_dir(const char *path, char *out, size_t cap)
{
    struct text dir = text_z(os_default_state_dir());
    struct writer w = writer_on(out, cap);
    if (!settings_path_is_absolute(dir))
        writer_add(&w, text_of(path, os_folder_size(path)));
    writer_add(&w, dir);
    if (w.cut)
        out[0] = '\0';
}

int config_path(const char *config, char *out, size_t cap)
{
    struct file_id id;
    if (config)
        return os_absolute(config, out, cap);
    int error = os_absolute("gatepost.conf", out, cap);
    if (!error && os_file_id(out, &id) == 0)
        return 0;
    return os_default_config(out, cap);
}
