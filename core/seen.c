#include "seen.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct retired {
    struct retired *next;
    struct blocklist *list;
};

/* Without memory for the note the list stays mapped for ever, which harms nobody. */
static void retire(struct seen *seen)
{
    struct blocklist *list = atomic_exchange(&seen->list, NULL);
    struct retired *note = list ? malloc(sizeof *note) : NULL;
    if (note) {
        *note = (struct retired){seen->retired, list};
        seen->retired = note;
    }
}

/* What is wrong with a state file is said once for all processes, as long as it is the same. */
static void complain(struct keeping *k, struct late_log *log, const char *reason)
{
    char line[512];
    uint64_t stamp = 1469598103934665603u;
    for (const char *p = reason; *p; p++)
        stamp = (stamp ^ (unsigned char)*p) * 1099511628211u;
    snprintf(line, sizeof line, "gatepost: %.400s", reason);
    if (once_is_new(&k->once, k->dir, k->read_only, "blocklist", stamp))
        late_log_add(log, GP_LOG_ERROR, line);
}

struct blocklist *seen_blocklist(struct seen *seen, struct keeping *k, const struct settings *settings,
                                 bool make, struct late_log *log, char *why, size_t cap)
{
    struct blocklist *list = atomic_load_explicit(&seen->list, memory_order_acquire);
    why[0] = '\0';
    if (list && !blocklist_retired(list))
        return list;
    if (!k->dir)
        return NULL;
    os_mutex_lock(k->mutex);
    list = atomic_load(&seen->list);
    if (list && blocklist_retired(list)) {
        retire(seen);
        list = NULL;
    }
    if (!list) {
        bool may_make = make && !k->read_only;
        char path[4200];
        struct file_id there;
        snprintf(path, sizeof path, "%s/blocklist", k->dir);
        if (may_make || os_file_id(path, &there) == 0) {
            int outcome = blocklist_open(k->dir, settings->block_entries, settings->block_prefix[0],
                                         settings->block_prefix[1], k->read_only ? BLOCKLIST_READ_ONLY : 0,
                                         &list, why, cap);
            /* A failed making is told by whoever wanted to write. */
            if (why[0] && (outcome == 1 || !make))
                complain(k, log, why);
            atomic_store_explicit(&seen->list, list, memory_order_release);
        }
    }
    os_mutex_unlock(k->mutex);
    return list;
}

void seen_look(struct seen *seen, struct keeping *k)
{
    struct blocklist *list = atomic_load_explicit(&seen->list, memory_order_acquire);
    if (!list || !blocklist_replaced(list))
        return;
    os_mutex_lock(k->mutex);
    if (atomic_load(&seen->list) == list)
        retire(seen);
    os_mutex_unlock(k->mutex);
}

void seen_forget(struct seen *seen, struct keeping *k)
{
    os_mutex_lock(k->mutex);
    retire(seen);
    os_mutex_unlock(k->mutex);
}

void seen_fini(struct seen *seen)
{
    retire(seen);
    while (seen->retired) {
        struct retired *next = seen->retired->next;
        blocklist_close(&seen->retired->list);
        free(seen->retired);
        seen->retired = next;
    }
}
