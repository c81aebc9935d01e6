#include "engines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/os/os.h"
#include "core/config/settings.h"
#include "tools/lib/tempdir.h"
#include "tools/lib/output.h"

static int64_t host_clock(void *context)
{
    const struct engines *e = context;
    return *e->clock;
}

/* Keeps a line until it is known whether the engine can be used. */
static void hold(struct engines *e, struct text line)
{
    /* A line in a log says what happens to messages now; here no messages are judged, because nothing is
     * played. */
    if (text_find_nocase(line, TEXT("no rules are in force")) < line.n)
        return;
    if (text_starts_nocase(line, TEXT("gatepost: ")))
        line = text_skip(line, 10);
    char *grown = realloc(e->held, e->held_size + line.n + 1);
    if (!grown)
        return;
    memcpy(grown + e->held_size, line.p, line.n);
    grown[e->held_size + line.n] = '\n';
    e->held = grown;
    e->held_size += line.n + 1;
}

static void host_log(void *context, uint32_t level, const char *line, size_t n)
{
    struct engines *e = context;
    if (e->opening) {
        hold(e, text_of(line, n));
    } else if (level == GP_LOG_ERROR) {
        progress_done(e->progress);
        output_printf(stderr, "%.*s\n", (int)n, line);
    }
}

void engines_init(struct engines *e, const struct gp_api *api, const char *state_dir, const int64_t *clock,
                  struct progress *progress)
{
    *e = (struct engines){.api = api, .state_dir = state_dir, .clock = clock, .progress = progress};
}

static void print_failure(const struct engines *e, const struct gp_error *error)
{
    progress_done(e->progress);
    for (struct text rest = text_of(e->held, e->held_size); rest.n;) {
        size_t n = text_find(rest, 0, '\n');
        output_printf(stderr, "%.*s\n", (int)n, rest.p);
        rest = text_skip(rest, n + 1);
    }
    if (e->held_size)
        return;
    if (error->line)
        output_printf(stderr, "%s:%u:%u: %s\n", error->file, error->line, error->column, error->message);
    else
        output_printf(stderr, "gatepost replay: %s%s%s\n", error->file, error->file[0] ? ": " : "",
                      error->message);
}

static struct gp_engine *open_engine(struct engines *e, const char *path)
{
    struct gp_engine *engine = NULL;
    struct gp_host host = {.size = sizeof host, .context = e, .log = host_log, .clock = host_clock};
    struct gp_open_options options = {.size = sizeof options,
                                      .flags = GP_CAN_HOLD,
                                      .host = &host,
                                      .config = path,
                                      .state_dir = e->state_dir ? e->state_dir : e->scratch};
    struct gp_error error = {.size = sizeof error};
    e->opening = true;
    int result = e->api->engine_open(&options, &engine, &error);
    e->opening = false;
    if (result != 1)
        print_failure(e, &error);
    if (result == 0)
        e->api->engine_close(&engine);
    free(e->held);
    e->held = NULL;
    e->held_size = 0;
    return result == 1 ? engine : NULL;
}

/* The path of CONFIG, in memory of its own; NULL when out of memory. */
static char *config_path(const char *file, struct text config)
{
    size_t folder = settings_path_is_absolute(config) ? 0 : os_folder_size(file);
    char *path = malloc(folder + config.n + 1);
    if (!path)
        return NULL;
    memcpy(path, file, folder);
    memcpy(path + folder, config.p, config.n);
    path[folder + config.n] = '\0';
    return path;
}

struct gp_engine *engines_get(struct engines *e, const char *file, struct text config)
{
    char *path = config.n ? config_path(file, config) : NULL;
    if (config.n && !path)
        return NULL;
    for (size_t i = 0; i < e->n; i++) {
        const char *known = e->list[i].config;
        if (known == path || (known && path && strcmp(known, path) == 0)) {
            free(path);
            return e->list[i].engine;
        }
    }
    struct engine *grown = realloc(e->list, (e->n + 1) * sizeof *grown);
    if (grown)
        e->list = grown;
    struct gp_engine *engine = grown ? open_engine(e, path) : NULL;
    if (engine)
        e->list[e->n++] = (struct engine){.config = path, .engine = engine};
    else
        free(path);
    return engine;
}

static void forget_all(struct engines *e)
{
    for (size_t i = 0; i < e->n; i++) {
        e->api->engine_close(&e->list[i].engine);
        free(e->list[i].config);
    }
    free(e->list);
    e->list = NULL;
    e->n = 0;
    if (e->scratch[0])
        tempdir_remove(e->scratch);
    e->scratch[0] = '\0';
}

bool engines_begin_file(struct engines *e)
{
    if (e->state_dir)
        return true;
    forget_all(e);
    if (tempdir_make(e->scratch, sizeof e->scratch))
        return true;
    e->scratch[0] = '\0';
    output_printf(stderr, "gatepost replay: cannot make a folder for the state: %s\n", strerror(errno));
    return false;
}

void engines_close(struct engines *e)
{
    if (e->api)
        forget_all(e);
}
