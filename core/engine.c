#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/bound.h"
#include "rules/config.h"
#include "rules/image.h"

enum { PATH_MOST = 4096, LOOK_EVERY_MS = 1000 };

struct gp_engine {
    struct gp_host host;
    struct gp_check_host check_host; /* what checks of plugins get of us */
    uint32_t flags;
    struct os_mutex *mutex; /* guards `policy`, `looked` and `reloading` */
    struct keeping keeping;
    struct policy *policy;
    struct watch_list watch; /* the files of the last attempt; touched by the thread that reloads alone */
    struct ruleset *found;   /* an image that was met on the way to the state directory */
    bool watch_is_image;     /* the rules came from an image: its own list of files is what to watch */
    int64_t looked;
    bool reloading;
    struct seen seen;
    char config[PATH_MOST];
    char state_dir[PATH_MOST];
    char image[PATH_MOST + 64];
};

void engine_log(struct gp_engine *e, enum gp_log_level level, const char *line)
{
    if (e->host.log)
        e->host.log(e->host.context, level, line, strlen(line));
    else
        os_log(line);
}

/* What a check says: its own words, under our name and in one printable line. */
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

static void say(struct gp_engine *e, const struct late_log *log)
{
    for (size_t at = 0; at < log->n; at += strlen(log->lines + at) + 1)
        engine_log(e, (enum gp_log_level)(log->lines[at] - '0'), log->lines + at + 1);
}

/* The problems of one attempt to read the rules: the first as gp_error, all as log lines. */
struct attempt {
    struct late_log log;
    struct error first;
    bool more; /* not all had room in the log */
};

enum { CONCLUSION = 512 }; /* bytes of the log that problems leave to what follows from them */

static void attempt_init(struct attempt *a)
{
    a->log.n = 0;
    a->first = (struct error){.message = ""};
    a->more = false;
}

static void note_problem(void *context, const struct error *e, bool warning, struct text source)
{
    struct attempt *a = context;
    char line[1024], shown[256], caret[256];
    if (warning || a->more)
        return;
    if (!a->first.message[0])
        a->first = *e;
    struct writer w = writer_on(line, sizeof line);
    struct writer s = writer_on(shown, sizeof shown), c = writer_on(caret, sizeof caret);
    writer_add(&w, TEXT("gatepost: "));
    error_format(e, &w);
    if (source.n && e->column) {
        writer_add(&s, TEXT("gatepost:   "));
        writer_add(&c, TEXT("gatepost:   "));
        error_caret(source, e->column, &s, &c);
    }
    if (a->log.n + w.n + s.n + c.n + 6 > sizeof a->log.lines - CONCLUSION) {
        a->more = true;
        return;
    }
    late_log_add(&a->log, GP_LOG_ERROR, line);
    if (s.n) {
        late_log_add(&a->log, GP_LOG_ERROR, shown);
        late_log_add(&a->log, GP_LOG_ERROR, caret);
    }
}

static bool uses_state(const struct gp_engine *e)
{
    return e->keeping.dir != NULL;
}

/* An image in the usual place, made from the rule file as it is now, that names this place itself: then the
 * rule file, which may be long, need not be searched for another one. */
static bool lies_in_usual_place(struct gp_engine *e, const char *usual)
{
    int error;
    if (!image_path(usual, "rules", e->config, "image", e->image, sizeof e->image))
        return false;
    struct ruleset *r = image_load(e->image, &error);
    if (r && image_is_current(r, e->config) &&
        text_eq(ruleset_text(r, ruleset_settings(r)->state_dir), text_z(usual)))
        e->found = r;
    else
        ruleset_unref(&r);
    return e->found != NULL;
}

/* The state directory is needed before the rules are read: the image lies there. */
static void find_state_dir(struct gp_engine *e, const char *wanted)
{
    if (e->flags & GP_NO_STATE)
        return;
    if (wanted && *wanted) {
        if (os_absolute(wanted, e->state_dir, sizeof e->state_dir) != 0)
            e->state_dir[0] = '\0';
    } else {
        char usual[sizeof e->state_dir];
        config_usual_state_dir(e->config, usual, sizeof usual);
        if (!lies_in_usual_place(e, usual))
            config_state_dir(e->config, e->state_dir, sizeof e->state_dir);
        if (!e->state_dir[0])
            snprintf(e->state_dir, sizeof e->state_dir, "%s", usual);
    }
    if (e->state_dir[0] && image_path(e->state_dir, "rules", e->config, "image", e->image, sizeof e->image))
        e->keeping.dir = e->state_dir;
}

static void log_in_force(struct late_log *log, const struct ruleset *r, const char *config)
{
    char line[PATH_MOST + 100];
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, "gatepost: rules in force: %.400s, %u rules%s", config, (unsigned)ruleset_rule_count(r),
                  ruleset_settings(r)->log_only ? ", mode = log: nothing is refused" : "");
    late_log_add(log, GP_LOG_NOTICE, line);
}

/* Reads the rule files. Returns the rules, or NULL with the problems in A, said once per change, and once more
 * if there are no others to go on with (HAS_OLD). */
static struct ruleset *parse_rules(struct gp_engine *e, struct attempt *a, bool has_old)
{
    const struct config_reader reader = {.host = &e->check_host};
    struct report report = {.context = a, .problem = note_problem};
    const size_t before = a->log.n;
    watch_list_fini(&e->watch);
    struct ruleset *r = config_load(e->config, &reader, 0, &report, &e->watch);
    if (r) {
        if (uses_state(e) && !e->keeping.read_only && image_store(e->image, r) == 0)
            log_in_force(&a->log, r, e->config);
        return r;
    }
    os_mutex_lock(e->keeping.mutex);
    bool is_new = once_is_new(&e->keeping.once, e->keeping.dir, e->keeping.read_only, e->config,
                              watch_list_stamp(&e->watch) + !has_old);
    os_mutex_unlock(e->keeping.mutex);
    if (!is_new)
        a->log.n = before;
    return NULL;
}

static void conclude(struct attempt *a, const char *what)
{
    /* Nothing to conclude from what has been said already. */
    if (!a->log.n)
        return;
    if (a->more)
        late_log_add(&a->log, GP_LOG_ERROR, "gatepost: there is more; 'gatepost check' shows all");
    late_log_add(&a->log, GP_LOG_ERROR, what);
}

/* The first time: image, files, last good image. */
static struct ruleset *first_rules(struct gp_engine *e, struct attempt *a)
{
    int error = 0;
    struct ruleset *kept = e->found;
    e->found = NULL;
    if (!kept && uses_state(e))
        kept = image_load(e->image, &error);
    if (kept && !image_is_of(kept, e->config)) {
        ruleset_unref(&kept);
        error = EPROTO;
    }
    /* Where a plugin does not load, the rule file is read to say where and why. */
    if (kept && image_is_current(kept, e->config) && bound_take_up(kept, &e->check_host, plugin_open)) {
        e->watch_is_image = true;
        return kept;
    }
    if (error && error != ENOENT) {
        char line[PATH_MOST + 200], reason[128];
        struct writer w = writer_on(line, sizeof line);
        struct file_id id;
        os_file_id(e->image, &id);
        writer_printf(&w, "gatepost: the kept rules %.400s cannot be used (%s); reading the rule file instead",
                      e->image,
                      error == EPROTO ? "damaged, or of another version or rule file"
                                      : os_reason(error, reason, sizeof reason));
        if (once_is_new(&e->keeping.once, e->keeping.dir, e->keeping.read_only, e->image,
                        (uint64_t)id.mtime_ns ^ (uint64_t)id.ctime_ns << 1 ^ id.size))
            late_log_add(&a->log, GP_LOG_WARNING, line);
    }
    struct ruleset *r = parse_rules(e, a, kept != NULL);
    if (r) {
        ruleset_unref(&kept);
        return r;
    }
    if (kept)
        bound_take_up(kept, &e->check_host, plugin_open);
    if (kept)
        conclude(a, "gatepost: the last good rules stay in force, as kept in the state directory");
    else
        conclude(a, e->flags & GP_TEMPFAIL ? "gatepost: no rules are in force; every message gets 451"
                                           : "gatepost: no rules are in force; every message passes");
    return kept;
}

static bool files_changed(struct gp_engine *e)
{
    return e->watch_is_image ? !image_is_current(policy_rules(e->policy), e->config)
                             : watch_list_changed(&e->watch);
}

/* By the one thread that reloads. Returns 1, 0 or -1 as engine_refresh(). BEFORE is the policy in force, held
 * by the caller. */
static int reload(struct gp_engine *e, struct policy *before, struct policy **fresh, struct attempt *a)
{
    struct ruleset *rules = NULL;
    int result = 0;
    *fresh = NULL;
    if (files_changed(e)) {
        e->watch_is_image = false;
        rules = parse_rules(e, a, policy_rules(before) != NULL);
        result = rules ? 1 : -1;
        if (rules && !a->log.n)
            log_in_force(&a->log, rules, e->config);
        if (!rules)
            conclude(a, policy_rules(before) ? "gatepost: the last good rules stay in force"
                                             : "gatepost: no rules are in force");
    }
    if (!rules && !policy_tables_changed(before, &e->keeping))
        return result;
    if (!rules && policy_rules(before))
        rules = ruleset_ref((struct ruleset *)(uintptr_t)policy_rules(before));
    *fresh = policy_new(rules, before);
    if (!*fresh) {
        e->watch.incomplete = true; /* tried again with the next look */
        ruleset_unref(&rules);
        return -1;
    }
    bool tables_good = policy_renew_tables(*fresh, before, &e->keeping, &a->log);
    return result < 0 || !tables_good ? -1 : 1;
}

/* Whether the state files that are open under one set of rules serve another. */
static bool same_state(const struct ruleset *a, const struct ruleset *b)
{
    return a == b || (a && b && seen_serves(ruleset_settings(a), ruleset_settings(b)));
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
    attempt_init(&a);
    int result = reload(e, before, &fresh, &a);
    seen_look(&e->seen, &e->keeping);
    if (fresh && !same_state(policy_rules(before), policy_rules(fresh)))
        seen_forget(&e->seen, &e->keeping);

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
    say(e, &a.log);
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

int engine_table(struct gp_engine *e, struct policy *p, unsigned slot, struct table **out)
{
    struct late_log log;
    log.n = 0;
    int result = policy_table(p, &e->keeping, slot, out, &log);
    say(e, &log);
    return result;
}

void engine_table_damaged(struct gp_engine *e, struct policy *p, unsigned slot)
{
    struct late_log log;
    log.n = 0;
    policy_table_damaged(p, &e->keeping, slot, &log);
    say(e, &log);
}

void *engine_seen(struct gp_engine *e, enum seen_file which, const struct settings *settings, bool make,
                  char *why, size_t cap)
{
    struct late_log log;
    log.n = 0;
    void *file = seen_get(&e->seen, which, &e->keeping, settings, make, &log, why, cap);
    say(e, &log);
    return file;
}

void engine_log_once(struct gp_engine *e, enum gp_log_level level, const char *line)
{
    uint64_t stamp = text_hash(TEXT_HASH_START, text_z(line));
    os_mutex_lock(e->keeping.mutex);
    bool is_new = once_is_new(&e->keeping.once, e->keeping.dir, e->keeping.read_only, "state", stamp);
    os_mutex_unlock(e->keeping.mutex);
    if (is_new)
        engine_log(e, level, line);
}

void engine_log_hourly(struct gp_engine *e, enum gp_log_level level, const char *what, int64_t now,
                       const char *line)
{
    os_mutex_lock(e->keeping.mutex);
    bool is_new =
        once_is_new(&e->keeping.once, e->keeping.dir, e->keeping.read_only, what, (uint64_t)(now / 3600));
    os_mutex_unlock(e->keeping.mutex);
    if (is_new)
        engine_log(e, level, line);
}

bool engine_keeps_state(const struct gp_engine *e)
{
    return uses_state(e) && !e->keeping.read_only;
}

/* The time that `test-clock` tells; 0 if it cannot be read. */
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

int64_t engine_now(const struct gp_engine *e, const struct ruleset *rules)
{
    struct text path = rules ? ruleset_text(rules, ruleset_settings(rules)->test_clock) : TEXT("");
    int64_t now = path.n ? test_clock(path.p) : 0;
    if (now)
        return now;
    return e->host.clock ? e->host.clock(e->host.context) : os_clock();
}

bool engine_tempfails(const struct gp_engine *e)
{
    return (e->flags & GP_TEMPFAIL) != 0;
}

/* As far as the host's struct goes. A text that is cut there ends in NUL all the same. */
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
    }
    if (!e || !e->mutex || !e->keeping.mutex) {
        error_set(error, NULL, 0, 0, "out of memory");
        engine_close(&e);
        return NULL;
    }
    int failed = config_path(o->config && *o->config ? o->config : NULL, e->config, sizeof e->config);
    if (failed) {
        char reason[128];
        error_set(error, o->config, 0, 0, "cannot find the rule file: %s",
                  os_reason(failed, reason, sizeof reason));
        engine_close(&e);
        return NULL;
    }
    find_state_dir(e, o->state_dir);
    return e;
}

int engine_open(const struct gp_open_options *options, struct gp_engine **engine, struct gp_error *error)
{
    struct gp_open_options o = {0};
    struct attempt a;
    attempt_init(&a);
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
    struct ruleset *rules = first_rules(e, &a);
    e->looked = os_ticks_ms();
    e->policy = policy_new(rules, NULL);
    if (!e->policy) {
        ruleset_unref(&rules);
        error_set(&a.first, NULL, 0, 0, "out of memory");
        give_error(error, &a.first);
        engine_close(&e);
        return -1;
    }
    say(e, &a.log);
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
    seen_fini(&e->seen);
    ruleset_unref(&e->found);
    watch_list_fini(&e->watch);
    os_mutex_free(e->keeping.mutex);
    os_mutex_free(e->mutex);
    free(e);
}
