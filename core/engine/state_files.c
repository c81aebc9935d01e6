#include "state_files.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/state/blocklist.h"
#include "core/state/sightings.h"
#include "core/state/stats.h"

/* One row for each kind of file: the same verbs, with the type that each of them has. */

static int open_blocklist(const char *dir, const struct settings *s, bool read_only, void **out, char *why,
                          size_t cap)
{
    struct blocklist *list;
    int outcome = blocklist_open(dir, s->block_entries, s->block_prefix[0], s->block_prefix[1],
                                 read_only ? BLOCKLIST_READ_ONLY : 0, &list, why, cap);
    *out = list;
    return outcome;
}

static int open_sightings(const char *dir, const struct settings *s, bool read_only, void **out, char *why,
                          size_t cap)
{
    struct sightings *sightings;
    int outcome = sightings_open(dir, SIGHTINGS_ENTRIES, s->block_prefix[0], s->block_prefix[1],
                                 read_only ? SIGHTINGS_READ_ONLY : 0, &sightings, why, cap);
    *out = sightings;
    return outcome;
}

static int open_stats(const char *dir, const struct settings *s, bool read_only, void **out, char *why,
                      size_t cap)
{
    struct stats *stats;
    (void)s;
    int outcome = stats_open(dir, read_only ? STATS_READ_ONLY : 0, &stats, why, cap);
    *out = stats;
    return outcome;
}

static void close_blocklist(void *file)
{
    struct blocklist *list = file;
    blocklist_close(&list);
}

static void close_sightings(void *file)
{
    struct sightings *sightings = file;
    sightings_close(&sightings);
}

static void close_stats(void *file)
{
    struct stats *stats = file;
    stats_close(&stats);
}

static bool blocklist_gone(const void *file)
{
    return blocklist_replaced(file);
}

static bool sightings_gone(const void *file)
{
    return sightings_replaced(file);
}

static bool stats_gone(const void *file)
{
    return stats_replaced(file);
}

static const struct {
    const char *name;
    int (*open)(const char *dir, const struct settings *s, bool read_only, void **out, char *why, size_t cap);
    void (*close)(void *file);
    bool (*gone)(const void *file);
} kind[SEEN_COUNT] = {
    [SEEN_BLOCKLIST] = {"blocklist", open_blocklist, close_blocklist, blocklist_gone},
    [SEEN_SIGHTINGS] = {"sightings", open_sightings, close_sightings, sightings_gone},
    [SEEN_STATS] = {"stats", open_stats, close_stats, stats_gone},
};

struct retired {
    struct retired *next;
    enum seen_file which;
    void *file;
};

/* Without memory for the note the file stays mapped for ever, which harms nobody. */
static void retire(struct seen *seen, enum seen_file which)
{
    void *file = atomic_exchange(&seen->file[which], NULL);
    struct retired *note = file ? malloc(sizeof *note) : NULL;
    if (note) {
        *note = (struct retired){seen->retired, which, file};
        seen->retired = note;
    }
}

/* What is wrong with a state file is said once for all processes, as long as it is the same. */
static void complain(struct keeping *k, struct late_log *log, const char *name, const char *reason)
{
    char line[512];
    snprintf(line, sizeof line, "gatepost: %.400s", reason);
    if (once_is_new(&k->once, k->dir, k->read_only, name, text_hash(TEXT_HASH_START, text_z(reason))))
        late_log_add(log, GP_LOG_ERROR, line);
}

/* The blocklist is asked in every session and by a flag of its own; the others are looked after by seen_look().
 */
static bool is_retired(enum seen_file which, const void *file)
{
    return which == SEEN_BLOCKLIST && blocklist_retired(file);
}

void *seen_get(struct seen *seen, enum seen_file which, struct keeping *k, const struct settings *settings,
               bool make, struct late_log *log, char *why, size_t cap)
{
    void *file = atomic_load_explicit(&seen->file[which], memory_order_acquire);
    why[0] = '\0';
    if ((file && !is_retired(which, file)) || !k->dir)
        return file;
    os_mutex_lock(k->mutex);
    file = atomic_load(&seen->file[which]);
    if (file && is_retired(which, file)) {
        retire(seen, which);
        file = NULL;
    }
    if (!file) {
        char path[4200];
        struct file_id there;
        snprintf(path, sizeof path, "%s/%s", k->dir, kind[which].name);
        if ((make && !k->read_only) || os_file_id(path, &there) == 0) {
            int outcome =
                kind[which].open(k->dir, seen->has_now ? &seen->now : settings, k->read_only, &file, why, cap);
            /* A making that failed is told by whoever wanted to write. */
            if (why[0] && (outcome == 1 || !make))
                complain(k, log, kind[which].name, why);
            atomic_store_explicit(&seen->file[which], file, memory_order_release);
        }
    }
    os_mutex_unlock(k->mutex);
    return file;
}

void seen_look(struct seen *seen, struct keeping *k)
{
    for (unsigned which = 0; which < SEEN_COUNT; which++) {
        void *file = atomic_load_explicit(&seen->file[which], memory_order_acquire);
        if (!file || !kind[which].gone(file))
            continue;
        os_mutex_lock(k->mutex);
        if (atomic_load(&seen->file[which]) == file)
            retire(seen, (enum seen_file)which);
        os_mutex_unlock(k->mutex);
    }
}

bool seen_serves(const struct settings *a, const struct settings *b)
{
    return a->block_entries == b->block_entries && a->block_prefix[0] == b->block_prefix[0] &&
           a->block_prefix[1] == b->block_prefix[1];
}

void seen_forget(struct seen *seen, struct keeping *k, const struct settings *now)
{
    os_mutex_lock(k->mutex);
    seen->now = *now;
    seen->has_now = true;
    for (unsigned which = 0; which < SEEN_COUNT; which++)
        retire(seen, (enum seen_file)which);
    os_mutex_unlock(k->mutex);
}

void seen_fini(struct seen *seen)
{
    for (unsigned which = 0; which < SEEN_COUNT; which++)
        retire(seen, (enum seen_file)which);
    while (seen->retired) {
        struct retired *next = seen->retired->next;
        kind[seen->retired->which].close(seen->retired->file);
        free(seen->retired);
        seen->retired = next;
    }
}
