/*
 * config.h - reads a rule file, with what it includes, into a ruleset (gatepost.conf(5)). A file with an error
 * is never half used.
 */
#ifndef GATEPOST_CONFIG_H
#define GATEPOST_CONFIG_H

#include "../arena.h"
#include "../os.h"
#include "ruleset.h"

/* Where the bytes of files come from; tests and fuzzers put their own here. Returns 0 or an errno value; *BYTES
 * is malloc()ed. */
struct config_reader {
    void *context;
    int (*read)(void *context, const char *path, char **bytes, size_t *size, struct file_id *id);
};

/* The files a load has looked at, whatever came of it: when one of them changes it is worth another try. */
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

void watch_list_fini(struct watch_list *w);

/* Whether another try is due: some file of the list is not what it was, or the list is incomplete. */
bool watch_list_changed(const struct watch_list *w);

/* A number that stands for the state of all files of the list: what has been said about them need not be said
 * again. */
uint64_t watch_list_stamp(const struct watch_list *w);

enum { CONFIG_LINT = 1 }; /* warn about what is legal but surely not meant */

/*
 * Loads the rule file at PATH (absolute, or relative to the working directory). READER may be NULL: files.
 * Problems go to REPORT. WATCH (may be NULL) is filled in any case and finished by the caller. Returns NULL if
 * there was an error or no memory; the latter is reported too.
 */
struct ruleset *config_load(const char *path, const struct config_reader *reader, unsigned flags,
                            struct report *report, struct watch_list *watch);

/* The state directory that the rule file at PATH names, absolute, in OUT; empty if it names none or cannot be
 * read: found without parsing the rest, so that the image can be looked for there. */
void config_state_dir(const char *path, char *out, size_t cap);

/* The state directory of a rule file at PATH that names none, in OUT; empty if it has no room there. */
void config_usual_state_dir(const char *path, char *out, size_t cap);

/* The path of the rule file: CONFIG if not NULL, else gatepost.conf in the working directory if there is one,
 * else the one of os_default_config(). Absolute, in OUT. Returns 0 or an errno value. */
int config_path(const char *config, char *out, size_t cap);

#endif
