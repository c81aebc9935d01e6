/*
 * config.h - reads a rule file, with what it includes, into a ruleset (gatepost.conf(5)). A file with an error
 * is never half used.
 */
#ifndef GATEPOST_CONFIG_CONFIG_H
#define GATEPOST_CONFIG_CONFIG_H

#include "core/rules/plugin_checks.h"
#include "core/rules/block.h"
#include "watch.h"

/* Where files come from; tests and fuzzers put their own here. */
struct config_reader {
    void *context;
    /* Returns 0 or an errno value; *BYTES is malloc()ed. NULL: from the disk. */
    int (*read)(void *context, const char *path, char **bytes, size_t *size, struct file_id *id);
    /* The checks of a plugin, for `load`. Returns NULL with the REASON; an empty one if there is no such file.
     * NULL: from the disk, or, with another `read`, none. */
    plugin_list (*plugin)(void *context, const char *path, struct file_id *id, char *reason, size_t cap);
    /* What checks get of the engine; outlives the rules. NULL: a clock and no log. */
    const struct gp_check_host *host;
};

enum { CONFIG_LINT = 1 }; /* warn about what is legal but surely not meant */

/*
 * Loads the rule file at PATH (absolute, or relative to the working directory). READER may be NULL: files.
 * Problems go to REPORT. WATCH (may be NULL) is filled in any case and finished by the caller. CHECKS (may be NULL) gets what the checks of
 * plugins were compiled to, a reference for the caller. Returns NULL if
 * there was an error or no memory; the latter is reported too.
 */
struct block *config_load(const char *path, const struct config_reader *reader, unsigned flags,
                          struct report *report, struct watch_list *watch, struct plugin_checks **checks);

/* The state directory that the rule file at PATH names, absolute, in OUT; empty if it names none or cannot be
 * read: found without parsing the rest, so that the image can be looked for there. */
void config_state_dir(const char *path, char *out, size_t cap);

/* The state directory of a rule file at PATH that names none, in OUT; empty if it has no room there. */
void config_usual_state_dir(const char *path, char *out, size_t cap);

/* The path of the rule file: CONFIG if not NULL, else gatepost.conf in the working directory if there is one,
 * else the one of os_default_config(). Absolute, in OUT. Returns 0 or an errno value. */
int config_path(const char *config, char *out, size_t cap);

#endif
