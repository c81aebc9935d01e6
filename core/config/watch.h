/*
 * watch.h - the files that were looked at while the rules were read, whether that succeeded or not. When one of
 * them changes, the rules are read again. Belongs to one thread.
 */
#ifndef GATEPOST_CONFIG_WATCH_H
#define GATEPOST_CONFIG_WATCH_H

#include "core/base/arena.h"
#include "core/os/os.h"

struct watched {
    const char *path;
    struct file_id id; /* zero: the file did not exist */
};

struct watch_list {
    struct watched *items;
    size_t count;
    bool incomplete; /* memory or the like ran out: try again with the same files */
    struct arena arena;
};

void watch_list_init(struct watch_list *w);
void watch_list_fini(struct watch_list *w);

/* W may be NULL: then nothing is recorded. */
void watch_list_note(struct watch_list *w, const char *path, const struct file_id *id);

/* Returns whether to read again: a file of the list has changed, or the list is incomplete. */
bool watch_list_changed(const struct watch_list *w);

/* Returns a number for the state of all files of the list. What has been logged about this state is not
 * logged again. */
uint64_t watch_list_stamp(const struct watch_list *w);

#endif
