#include "state_context.h"
#include "tools/lib/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The first error is enough; `gatepost check` shows all. */
static void keep_first(void *context, const struct error *e, bool warning, struct text source)
{
    struct state_context *h = context;
    (void)source;
    if (warning || h->why[0])
        return;
    struct writer w = writer_on(h->why, sizeof h->why);
    error_format(e, &w);
}

static int read_nothing(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    (void)context, (void)path;
    *bytes = calloc(1, 1);
    *size = 0;
    *id = (struct file_id){0};
    return *bytes ? 0 : ENOMEM;
}

static struct block *defaults(void)
{
    static const struct config_reader nothing = {.read = read_nothing};
    struct report report = {0};
    return config_load("/gatepost.conf", &nothing, 0, &report, NULL, NULL);
}

/* Returns whether there is a rule file. */
static bool find_conf(struct state_context *h, const char *config)
{
    struct file_id id;
    int error;
    if (config)
        error = snprintf(h->conf, sizeof h->conf, "%s", config) < (int)sizeof h->conf ? 0 : ENAMETOOLONG;
    else if (os_file_id("gatepost.conf", &id) == 0)
        error = snprintf(h->conf, sizeof h->conf, "gatepost.conf") < 0;
    else
        error = config_path(NULL, h->conf, sizeof h->conf);
    return !error && os_file_id(h->conf, &id) == 0;
}

int state_context_find(struct state_context *h, const char *command, const char *config, const char *dir)
{
    struct file_id id;
    struct report report = {.context = h, .problem = keep_first};
    *h = (struct state_context){.rules = NULL};
    bool there = find_conf(h, config);
    if (!there && config) {
        output_printf(stderr, "%s: there is no rule file %s\n", command, config);
        return -1;
    }
    if (there)
        h->rules = config_load(h->conf, NULL, 0, &report, NULL, NULL);
    else
        snprintf(h->why, sizeof h->why, "there is no rule file");
    if (there && !h->rules && !dir)
        config_state_dir(h->conf, h->dir, sizeof h->dir);
    if (!h->rules && !dir && !h->dir[0])
        config_usual_state_dir(h->conf, h->dir, sizeof h->dir);
    if (!h->rules)
        h->rules = defaults();
    if (!h->rules) {
        output_printf(stderr, "%s: out of memory\n", command);
        return -1;
    }
    h->settings = block_settings(h->rules);
    if (!h->dir[0])
        snprintf(h->dir, sizeof h->dir, "%s", dir ? dir : block_text(h->rules, h->settings->state_dir).p);
    if (os_file_id(h->dir, &id) == 0)
        return 0;
    output_printf(stderr, "%s: there is no state directory %s%s\n", command, h->dir,
                  dir ? "" : "; name it with --state-dir, or name its rule file with --config");
    state_context_leave(h);
    return -1;
}

void state_context_leave(struct state_context *h)
{
    block_unref(&h->rules);
}

void state_context_say_defaults(const struct state_context *h, const char *command, const char *what)
{
    if (h->why[0])
        output_printf(stderr, "%s: %s; so %s\n", command, h->why, what);
}

int64_t state_context_now(const struct state_context *h)
{
    struct text path = block_text(h->rules, h->settings->test_clock);
    char *bytes = NULL;
    size_t n = 0;
    struct file_id id;
    uint64_t seconds = 0;
    if (path.n && os_read(path.p, 64, &bytes, &n, &id) == 0 &&
        !text_number(text_trim(text_of(bytes, n)), INT64_MAX, &seconds))
        seconds = 0;
    free(bytes);
    return seconds ? (int64_t)seconds : os_clock();
}
