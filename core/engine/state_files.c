#include "state_files.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/state/blocklist.h"
#include "core/state/sightings.h"
#include "core/state/state_file.h"
#include "core/state/stats.h"

static const char *const name_of[STATE_FILES_COUNT] = {
    [STATE_FILES_BLOCKLIST] = "blocklist",
    [STATE_FILES_SIGHTINGS] = "sightings",
    [STATE_FILES_STATS] = "stats",
};

/* Each of the three begins with its struct state_file. */
static int open_file(enum state_files_kind which, const struct keeping *k, const struct settings *s, void **out,
                     char *why, size_t cap)
{
    const unsigned p4 = s->block_prefix[0], p6 = s->block_prefix[1];
    struct blocklist *list = NULL;
    struct sightings *sightings = NULL;
    struct stats *stats = NULL;
    int outcome = which == STATE_FILES_BLOCKLIST
                      ? blocklist_open(k->dir, s->block_entries, p4, p6, k->read_only ? BLOCKLIST_READ_ONLY : 0,
                                       &list, why, cap)
                  : which == STATE_FILES_SIGHTINGS
                      ? sightings_open(k->dir, SIGHTINGS_ENTRIES, p4, p6,
                                       k->read_only ? SIGHTINGS_READ_ONLY : 0, &sightings, why, cap)
                      : stats_open(k->dir, k->read_only ? STATS_READ_ONLY : 0, &stats, why, cap);
    *out = list ? (void *)list : sightings ? (void *)sightings : stats;
    return outcome;
}

struct retired {
    struct retired *next;
    struct state_file *file;
};

/* Without memory for this note the file stays mapped for ever, which does no harm. */
static void retire(struct state_files *files, enum state_files_kind which)
{
    struct state_file *file = atomic_exchange(&files->file[which], NULL);
    struct retired *note = file ? malloc(sizeof *note) : NULL;
    if (note) {
        *note = (struct retired){files->retired, file};
        files->retired = note;
    }
}

/* A fault of a state file is logged once for all processes, as long as it is the same. */
static void complain(struct keeping *k, struct late_log *log, const char *name, const char *reason)
{
    char line[512];
    snprintf(line, sizeof line, "gatepost: %.400s", reason);
    if (log_once_is_new(&k->once, k->dir, k->read_only, name, text_hash(TEXT_HASH_START, text_z(reason))))
        late_log_add(log, GP_LOG_ERROR, line);
}

/* Call under the mutex. */
static void *open_anew(struct state_files *files, enum state_files_kind which, struct keeping *k,
                       const struct settings *settings, bool make, struct late_log *log, char *why, size_t cap)
{
    char path[4200];
    struct file_id there;
    void *file = NULL;
    snprintf(path, sizeof path, "%s/%s", k->dir, name_of[which]);
    if (!(make && !k->read_only) && os_file_id(path, &there) != 0)
        return NULL;
    int outcome = open_file(which, k, files->has_now ? &files->now : settings, &file, why, cap);
    /* If creation failed, the caller that wanted to write reports it. */
    if (why[0] && (outcome == 1 || !make))
        complain(k, log, name_of[which], why);
    atomic_store_explicit(&files->file[which], file, memory_order_release);
    return file;
}

void *state_files_get(struct state_files *files, enum state_files_kind which, struct keeping *k,
                      const struct settings *settings, bool make, char *why, size_t cap)
{
    struct state_file *file = atomic_load_explicit(&files->file[which], memory_order_acquire);
    struct late_log log;
    why[0] = '\0';
    if ((file && !state_file_retired(file)) || !k->dir)
        return file;
    late_log_init(&log);
    os_mutex_lock(k->mutex);
    file = atomic_load(&files->file[which]);
    if (file && state_file_retired(file)) {
        retire(files, which);
        file = NULL;
    }
    if (!file)
        file = open_anew(files, which, k, settings, make, &log, why, cap);
    os_mutex_unlock(k->mutex);
    late_log_flush(&log, k->line, k->line_context);
    return file;
}

void state_files_look(struct state_files *files, struct keeping *k)
{
    for (unsigned which = 0; which < STATE_FILES_COUNT; which++) {
        const struct state_file *file = atomic_load_explicit(&files->file[which], memory_order_acquire);
        if (!file || !state_file_replaced(file))
            continue;
        os_mutex_lock(k->mutex);
        if (atomic_load(&files->file[which]) == file)
            retire(files, (enum state_files_kind)which);
        os_mutex_unlock(k->mutex);
    }
}

bool state_files_serve(const struct settings *a, const struct settings *b)
{
    return a->block_entries == b->block_entries && a->block_prefix[0] == b->block_prefix[0] &&
           a->block_prefix[1] == b->block_prefix[1];
}

void state_files_forget(struct state_files *files, struct keeping *k, const struct settings *now)
{
    os_mutex_lock(k->mutex);
    files->now = *now;
    files->has_now = true;
    for (unsigned which = 0; which < STATE_FILES_COUNT; which++)
        retire(files, (enum state_files_kind)which);
    os_mutex_unlock(k->mutex);
}

void state_files_fini(struct state_files *files)
{
    for (unsigned which = 0; which < STATE_FILES_COUNT; which++)
        retire(files, (enum state_files_kind)which);
    while (files->retired) {
        struct retired *next = files->retired->next;
        state_file_close(files->retired->file);
        free(files->retired->file);
        free(files->retired);
        files->retired = next;
    }
}
