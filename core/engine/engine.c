#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "rule_source.h"

enum { LOOK_EVERY_MS = 1000 };

struct gp_engine {
    struct gp_host host;
    struct gp_check_host check_host; /* what the engine lends to checks of plugins */
    uint32_t flags;
    struct os_mutex *mutex; /* guards `policy`, `looked` and `reloading` */
    struct keeping keeping;
    struct policy *policy;
    struct rule_source source; /* used only by the thread that reloads */
    int64_t looked;
    bool reloading;
    struct state_files state_files;
};

void engine_log(struct gp_engine *e, enum gp_log_level level, const char *line)
{
    if (e->host.log)
        e->host.log(e->host.context, level, line, strlen(line));
    else
        os_log(line);
}

/* A line from a check: its own words, with our name before them, made printable. */
static void check_log(void *context, uint32_t level, const char *text, size_t n)
{
    char line[600];
    struct writer w = writer_on(line, sizeof line);
    writer_add(&w, TEXT("gatepost: "));
    for (size_t i = 0; i < n; i++)
        writer_char(&w, (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i]);
    engine_log(context, level <= GP_LOG_NOTICE ? (enum gp_log_level)level : GP_LOG_NOTICE, line);
}

static int64_t check_clock(void *context)
{
    const struct gp_engine *e = context;
    return e->host.clock ? e->host.clock(e->host.context) : os_clock();
}

static void log_line(void *context, enum gp_log_level level, const char *line)
{
    engine_log(context, level, line);
}

/* Called by the one thread that reloads. Returns 1, 0 or -1 as engine_refresh(). BEFORE is the policy in
 * force, held by the caller. */
static int reload(struct gp_engine *e, struct policy *before, struct policy **fresh, struct attempt *a)
{
    struct block *rules = NULL;
    struct plugin_checks *checks = NULL;
    int result = 0;
    *fresh = NULL;
    if (rule_source_changed(&e->source, policy_rules(before))) {
        rules = rule_source_again(&e->source, policy_rules(before), a, &checks);
        result = rules ? 1 : -1;
    }
    if (!rules && !policy_tables_changed(before))
        return result;
    if (!rules && policy_rules(before)) {
        rules = block_ref((struct block *)(uintptr_t)policy_rules(before));
        checks = plugin_checks_ref(policy_checks(before));
    }
    *fresh = policy_new(&e->keeping, rules, checks, before);
    if (!*fresh) {
        rule_source_retry(&e->source);
        block_unref(&rules);
        plugin_checks_unref(&checks);
        return -1;
    }
    bool tables_good = policy_renew_tables(*fresh, before, &a->log);
    return result < 0 || !tables_good ? -1 : 1;
}

/* Whether state files opened under one set of rules are right for another. */
static bool same_state(const struct block *a, const struct block *b)
{
    return a == b || (a && b && state_files_serve(block_settings(a), block_settings(b)));
}

static int look(struct gp_engine *e, bool at_once)
{
    struct policy *before = NULL, *fresh = NULL;
    int64_t now = os_ticks_ms();
    os_mutex_lock(e->mutex);
    bool due = !e->reloading && (at_once || now - e->looked >= LOOK_EVERY_MS);
    if (due) {
        e->reloading = true;
        e->looked = now;
        before = policy_ref(e->policy);
    }
    os_mutex_unlock(e->mutex);
    if (!due)
        return 0;

    struct attempt a;
    rule_source_attempt(&a);
    int result = reload(e, before, &fresh, &a);
    policy_copy_tables(fresh ? fresh : before);
    state_files_look(&e->state_files, &e->keeping);
    if (fresh && !same_state(policy_rules(before), policy_rules(fresh)))
        state_files_forget(&e->state_files, &e->keeping, block_settings(policy_rules(fresh)));

    os_mutex_lock(e->mutex);
    struct policy *old = NULL;
    if (fresh) {
        old = e->policy;
        e->policy = fresh;
    }
    e->reloading = false;
    os_mutex_unlock(e->mutex);
    policy_unref(&old);
    policy_unref(&before);
    late_log_flush(&a.log, log_line, e);
    return result;
}

struct policy *engine_policy(struct gp_engine *e)
{
    look(e, false);
    os_mutex_lock(e->mutex);
    struct policy *p = policy_ref(e->policy);
    os_mutex_unlock(e->mutex);
    return p;
}

int engine_refresh(struct gp_engine *e)
{
    return look(e, true);
}

void *engine_state_file(struct gp_engine *e, enum state_files_kind which, const struct settings *settings,
                        bool make, char *why, size_t cap)
{
    return state_files_get(&e->state_files, which, &e->keeping, settings, make, why, cap);
}

void engine_log_once(struct gp_engine *e, enum gp_log_level level, const char *line)
{
    uint64_t stamp = text_hash(TEXT_HASH_START, text_z(line));
    os_mutex_lock(e->keeping.mutex);
    bool is_new = log_once_is_new(&e->keeping.once, e->keeping.dir, e->keeping.read_only, "state", stamp);
    os_mutex_unlock(e->keeping.mutex);
    if (is_new)
        engine_log(e, level, line);
}

void engine_log_hourly(struct gp_engine *e, enum gp_log_level level, const char *what, int64_t now,
                       const char *line)
{
    os_mutex_lock(e->keeping.mutex);
    bool is_new =
        log_once_is_new(&e->keeping.once, e->keeping.dir, e->keeping.read_only, what, (uint64_t)(now / 3600));
    os_mutex_unlock(e->keeping.mutex);
    if (is_new)
        engine_log(e, level, line);
}

bool engine_keeps_state(const struct gp_engine *e)
{
    return e->keeping.dir && !e->keeping.read_only;
}

/* The time in the file of `test-clock`; 0 if it cannot be read. */
static int64_t test_clock(const char *path)
{
    char *bytes = NULL;
    size_t n = 0;
    struct file_id id;
    uint64_t seconds = 0;
    if (os_read(path, 64, &bytes, &n, &id) != 0 ||
        !text_number(text_trim(text_of(bytes, n)), INT64_MAX, &seconds))
        seconds = 0;
    free(bytes);
    return (int64_t)seconds;
}

int64_t engine_now(const struct gp_engine *e, const struct block *rules)
{
    struct text path = rules ? block_text(rules, block_settings(rules)->test_clock) : TEXT("");
    int64_t now = path.n ? test_clock(path.p) : 0;
    if (now)
        return now;
    return e->host.clock ? e->host.clock(e->host.context) : os_clock();
}

bool engine_tempfails(const struct gp_engine *e)
{
    return (e->flags & GP_TEMPFAIL) != 0;
}

bool engine_can_hold(const struct gp_engine *e)
{
    return (e->flags & GP_CAN_HOLD) != 0;
}

/* Copies as much as the host's struct has room for. A text that is cut there still ends in NUL. */
static void give_error(struct gp_error *out, const struct error *e)
{
    struct gp_error full = {.line = e->line, .column = e->column};
    if (!out)
        return;
    const size_t n = out->size < sizeof full ? out->size : sizeof full;
    full.size = out->size;
    snprintf(full.file, sizeof full.file, "%s", e->file);
    snprintf(full.message, sizeof full.message, "%s", e->message);
    if (n > offsetof(struct gp_error, file))
        ((char *)&full)[n - 1] = '\0';
    memcpy(out, &full, n);
}

static void copy_host(struct gp_engine *e, const struct gp_host *host)
{
    size_t n = host && host->size < sizeof e->host ? host->size : sizeof e->host;
    if (host)
        memcpy(&e->host, host, n);
}

static struct gp_engine *engine_new(const struct gp_open_options *o, struct error *error)
{
    struct gp_engine *e = calloc(1, sizeof *e);
    if (e) {
        e->flags = o->flags;
        copy_host(e, o->host);
        e->check_host = plugin_silent_host;
        e->check_host.context = e;
        e->check_host.log = check_log;
        e->check_host.clock = check_clock;
        e->mutex = os_mutex_new();
        e->keeping.mutex = os_mutex_new();
        e->keeping.read_only = (o->flags & GP_READ_ONLY) != 0;
        e->keeping.line = log_line;
        e->keeping.line_context = e;
        e->source.check_host = &e->check_host;
        e->source.keeping = &e->keeping;
        e->source.announce = (o->flags & GP_ANNOUNCE) != 0;
    }
    if (!e || !e->mutex || !e->keeping.mutex) {
        error_set(error, NULL, 0, 0, "out of memory");
        engine_close(&e);
        return NULL;
    }
    int failed =
        config_path(o->config && *o->config ? o->config : NULL, e->source.config, sizeof e->source.config);
    if (failed) {
        char reason[128];
        error_set(error, o->config, 0, 0, "cannot find the rule file: %s",
                  os_reason(failed, reason, sizeof reason));
        engine_close(&e);
        return NULL;
    }
    if (!(e->flags & GP_NO_STATE))
        rule_source_find(&e->source, o->state_dir);
    return e;
}

int engine_open(const struct gp_open_options *options, struct gp_engine **engine, struct gp_error *error)
{
    struct gp_open_options o = {0};
    struct attempt a;
    rule_source_attempt(&a);
    memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    *engine = NULL;
    struct gp_engine *e = NULL;
    if (options->size < offsetof(struct gp_open_options, host))
        error_set(&a.first, NULL, 0, 0, "the size of gp_open_options is not set");
    else
        e = engine_new(&o, &a.first);
    if (!e) {
        give_error(error, &a.first);
        return -1;
    }
    struct plugin_checks *checks;
    struct block *rules = rule_source_first(&e->source, engine_tempfails(e), &a, &checks);
    e->looked = os_ticks_ms();
    e->policy = policy_new(&e->keeping, rules, checks, NULL);
    if (!e->policy) {
        block_unref(&rules);
        plugin_checks_unref(&checks);
        error_set(&a.first, NULL, 0, 0, "out of memory");
        give_error(error, &a.first);
        engine_close(&e);
        return -1;
    }
    late_log_flush(&a.log, log_line, e);
    give_error(error, &a.first);
    *engine = e;
    return rules ? 1 : 0;
}

void engine_close(struct gp_engine **engine)
{
    struct gp_engine *e = *engine;
    *engine = NULL;
    if (!e)
        return;
    policy_unref(&e->policy);
    state_files_fini(&e->state_files);
    rule_source_fini(&e->source);
    os_mutex_free(e->keeping.mutex);
    os_mutex_free(e->mutex);
    free(e);
}
