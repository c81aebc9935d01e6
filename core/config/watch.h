/*
 * watch.h - the files that a reading of the rules has looked at, whatever came of it: when one of them changes
 * it is worth another try. Belongs to one thread.
 */
#ifndef GATEPOST_CONFIG_WATCH_H
#define GATEPOST_CONFIG_WATCH_H

#include "core/base/arena.h"
#include "core/os/os.h"

struct watched {
    const char *path;
    struct file_id id; /* zero: it was not there */
};

struct watch_list {
    struct watched *items;
    size_t count;
    bool incomplete; /* memory or the like ran out: the same files are worth another try */
    struct arena arena;
};

void watch_list_init(struct watch_list *w);
void watch_list_fini(struct watch_list *w);

/* W may be NULL: then nobody watches. */
void watch_list_note(struct watch_list *w, const char *path, const struct file_id *id);

/* Whether another try is due: some file of the list is not what it was, or the list is incomplete. */
bool watch_list_changed(const struct watch_list *w);

/* A number that stands for the state of all files of the list: what has been said about them need not be said
 * again. */
uint64_t watch_list_stamp(const struct watch_list *w);

#endif
