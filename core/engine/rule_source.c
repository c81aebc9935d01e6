#include "rule_source.h"

#include <errno.h>
#include <stdio.h>

#include "core/rules/plugin_checks.h"
#include "core/rules/image.h"
#include "core/state/state_dir.h"

enum { CONCLUSION = 512 }; /* bytes of the log that problems leave for the lines that follow from them */

void rule_source_attempt(struct attempt *a)
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

/* An image in the default place, made from the present rule file, that names this place itself. Then the
 * rule file, which may be long, need not be searched for another place. */
static bool lies_in_usual_place(struct rule_source *s, const char *usual)
{
    int error;
    if (!state_dir_path(usual, "rules", s->config, "image", s->image, sizeof s->image))
        return false;
    struct block *r = image_load(s->image, &error);
    if (r && image_is_current(r, s->config) &&
        text_eq(block_text(r, block_settings(r)->state_dir), text_z(usual)))
        s->found = r;
    else
        block_unref(&r);
    return s->found != NULL;
}

void rule_source_find(struct rule_source *s, const char *wanted)
{
    if (wanted && *wanted) {
        if (os_absolute(wanted, s->state_dir, sizeof s->state_dir) != 0)
            s->state_dir[0] = '\0';
    } else {
        char usual[sizeof s->state_dir];
        config_usual_state_dir(s->config, usual, sizeof usual);
        if (!lies_in_usual_place(s, usual))
            config_state_dir(s->config, s->state_dir, sizeof s->state_dir);
        if (!s->state_dir[0])
            snprintf(s->state_dir, sizeof s->state_dir, "%s", usual);
    }
    if (s->state_dir[0] && state_dir_path(s->state_dir, "rules", s->config, "image", s->image, sizeof s->image))
        s->keeping->dir = s->state_dir;
}

static void log_in_force(struct late_log *log, const struct block *r, const char *config)
{
    char line[PATH_MOST + 100];
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, "gatepost: rules in force: %.400s, %u rules%s", config, (unsigned)block_rule_count(r),
                  block_settings(r)->log_only ? ", mode = log: nothing is refused" : "");
    late_log_add(log, GP_LOG_NOTICE, line);
}

/* Reads the rule files. Returns the rules, or NULL with the problems in A. They are logged once per change,
 * and once more if there are no other rules to use (HAS_OLD). */
static struct block *parse_rules(struct rule_source *s, struct attempt *a, bool has_old,
                                 struct plugin_checks **checks)
{
    const struct config_reader reader = {.host = s->check_host};
    struct report report = {.context = a, .problem = note_problem};
    const size_t before = a->log.n;
    watch_list_fini(&s->watch);
    struct block *r = config_load(s->config, &reader, 0, &report, &s->watch, checks);
    if (r) {
        bool stored = s->keeping->dir && !s->keeping->read_only && image_store(s->image, r) == 0;
        if (stored && !s->announce)
            log_in_force(&a->log, r, s->config);
        return r;
    }
    os_mutex_lock(s->keeping->mutex);
    bool is_new = log_once_is_new(&s->keeping->once, s->keeping->dir, s->keeping->read_only, s->config,
                                  watch_list_stamp(&s->watch) + !has_old);
    os_mutex_unlock(s->keeping->mutex);
    if (!is_new && !s->announce)
        a->log.n = before;
    return NULL;
}

static void conclude(struct attempt *a, const char *what)
{
    /* Earlier log lines say nothing about this attempt. */
    if (!a->log.n)
        return;
    if (a->more)
        late_log_add(&a->log, GP_LOG_ERROR,
                     "gatepost: there are more errors; 'gatepost check' shows all of them");
    late_log_add(&a->log, GP_LOG_ERROR, what);
}

static struct block *first_rules(struct rule_source *s, bool tempfail, struct attempt *a,
                                 struct plugin_checks **checks)
{
    *checks = NULL;
    int error = 0;
    struct block *kept = s->found;
    s->found = NULL;
    if (!kept && s->keeping->dir)
        kept = image_load(s->image, &error);
    if (kept && !image_is_of(kept, s->config)) {
        block_unref(&kept);
        error = EPROTO;
    }
    /* If a plugin cannot be loaded, the rule file is read to report where and why. */
    if (kept && image_is_current(kept, s->config) &&
        plugin_checks_take_up(kept, s->check_host, plugin_open, checks)) {
        s->watch_is_image = true;
        return kept;
    }
    if (error && error != ENOENT) {
        char line[PATH_MOST + 200], reason[128];
        struct writer w = writer_on(line, sizeof line);
        struct file_id id;
        os_file_id(s->image, &id);
        writer_printf(&w,
                      "gatepost: the stored rules %.400s cannot be used (%s); reading the rule file instead",
                      s->image,
                      error == EPROTO ? "damaged, or of another version or rule file"
                                      : os_reason(error, reason, sizeof reason));
        if (log_once_is_new(&s->keeping->once, s->keeping->dir, s->keeping->read_only, s->image,
                            (uint64_t)id.mtime_ns ^ (uint64_t)id.ctime_ns << 1 ^ id.size))
            late_log_add(&a->log, GP_LOG_WARNING, line);
    }
    plugin_checks_unref(checks);
    struct block *r = parse_rules(s, a, kept != NULL, checks);
    if (r) {
        block_unref(&kept);
        return r;
    }
    if (kept)
        plugin_checks_take_up(kept, s->check_host, plugin_open, checks);
    if (kept)
        conclude(a, "gatepost: the last good rules stay in force, as kept in the state directory");
    else
        conclude(a, tempfail ? "gatepost: no rules are in force; every message gets 451"
                             : "gatepost: no rules are in force; every message passes");
    return kept;
}

struct block *rule_source_first(struct rule_source *s, bool tempfail, struct attempt *a,
                                struct plugin_checks **checks)
{
    struct block *r = first_rules(s, tempfail, a, checks);
    if (r && s->announce)
        log_in_force(&a->log, r, s->config);
    s->announce = false;
    return r;
}

bool rule_source_changed(const struct rule_source *s, const struct block *in_force)
{
    return s->watch_is_image ? !image_is_current(in_force, s->config) : watch_list_changed(&s->watch);
}

struct block *rule_source_again(struct rule_source *s, const struct block *in_force, struct attempt *a,
                                struct plugin_checks **checks)
{
    s->watch_is_image = false;
    struct block *rules = parse_rules(s, a, in_force != NULL, checks);
    if (rules && !a->log.n)
        log_in_force(&a->log, rules, s->config);
    if (!rules)
        conclude(a,
                 in_force ? "gatepost: the last good rules stay in force" : "gatepost: no rules are in force");
    return rules;
}

void rule_source_retry(struct rule_source *s)
{
    s->watch.incomplete = true;
}

void rule_source_fini(struct rule_source *s)
{
    block_unref(&s->found);
    watch_list_fini(&s->watch);
}
