/*
 * config.h - reads a rule file and all that it includes into a rule set (gatepost.conf(5)). A file with an
 * error is never partly used.
 */
#ifndef GATEPOST_CONFIG_CONFIG_H
#define GATEPOST_CONFIG_CONFIG_H

#include "core/rules/plugin_checks.h"
#include "core/rules/block.h"
#include "watch.h"

/* Where files come from; tests and fuzzers supply their own. */
struct config_reader {
    void *context;
    /* Returns 0 or an errno value; *BYTES is malloc()ed. NULL: from the disk. */
    int (*read)(void *context, const char *path, char **bytes, size_t *size, struct file_id *id);
    /* Returns the checks of a plugin, for `load`. Returns NULL with the REASON, which is empty if there is
     * no such file. NULL: from the disk, or none if `read` is set. */
    plugin_list (*plugin)(void *context, const char *path, struct file_id *id, char *reason, size_t cap);
    /* What the engine lends to checks; must outlive the rules. NULL: a clock and no log. */
    const struct gp_check_host *host;
};

enum { CONFIG_LINT = 1 }; /* warn about what is allowed but probably a mistake */

/*
 * Loads the rule file at PATH (absolute, or relative to the working directory). READER may be NULL: files.
 * Problems go to REPORT. WATCH (may be NULL) is filled in any case; the caller finishes it. CHECKS (may be
 * NULL) gets the compiled checks of plugins, a reference for the caller. Returns NULL if there was an error or
 * no memory; the latter is reported too.
 */
struct block *config_load(const char *path, const struct config_reader *reader, unsigned flags,
                          struct report *report, struct watch_list *watch, struct plugin_checks **checks);

/* Writes the state directory that the rule file at PATH sets, absolute, to OUT; empty if it sets none or
 * cannot be read. This does not parse the rest, so that the image can be looked for there first. */
void config_state_dir(const char *path, char *out, size_t cap);

/* Writes the state directory of a rule file at PATH that sets none to OUT; empty if there is no room. */
void config_usual_state_dir(const char *path, char *out, size_t cap);

/* Finds the path of the rule file: CONFIG if not NULL, else gatepost.conf in the working directory if there
 * is one, else the one of os_default_config(). Absolute, in OUT. Returns 0 or an errno value. */
int config_path(const char *config, char *out, size_t cap);

#endif
