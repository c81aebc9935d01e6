/*
 * plugin.h - checks from plugins (gatepost.h, struct gp_check): what is known about them while rules are read.
 * A plugin is code, and is trusted like the rule file that names it; but its description of itself is checked
 * before use.
 */
#ifndef GATEPOST_PLUGIN_H
#define GATEPOST_PLUGIN_H

#include "core/base/writer.h"
#include "core/gatepost.h"
#include "core/os/os.h"
#include "facts.h"

enum { PLUGIN_CHECKS_MOST = 100, PLUGIN_ARGS_MOST = 8 };

/* The time that one answer may take: gp_check_host.limit_ms. */
enum { PLUGIN_LIMIT_MS = 2000 };

/* A list as gatepost_checks() returns it. */
typedef const struct gp_check *const *plugin_list;

struct plugin_check {
    const struct gp_check *check;
    uint32_t plugin; /* in the rule set's list */
};

/* The checks of all `load` lines so far. */
struct plugin_known {
    struct plugin_check known[PLUGIN_CHECKS_MOST];
    unsigned count;
    bool missing; /* a plugin could not be loaded, so nobody knows which checks it has */
};

/* Loads the plugin at the absolute PATH, suffix included, and gets its checks. Returns NULL with the REASON
 * if it has none. */
plugin_list plugin_open(const char *path, char *reason, size_t cap);

/* Adds the checks of LIST, from the plugin with that number. Returns false with the REASON if one of them
 * cannot be used; the others may have been added. */
bool plugin_add(struct plugin_known *c, uint32_t plugin, plugin_list list, char *reason, size_t cap);

/* Returns NULL if no check has that name. */
const struct plugin_check *plugin_find(const struct plugin_known *c, struct text name);

/* Returns the check of LIST called NAME (any case); NULL if there is none. */
const struct gp_check *plugin_check_in(plugin_list list, struct text name);

/* Returns the known name nearest to NAME, or NULL. */
const char *plugin_nearest(const struct plugin_known *c, struct text name);

/* Returns what to load for a check that comes with gatepost as a plugin: "checks/regex"; NULL for others. */
const char *plugin_of(struct text name);

/* Returns where a list of arguments ends: the index of the ')' that closes what begins at FROM, text.n if
 * there is none. Double quotes hide parentheses. */
size_t plugin_args_end(struct text text, size_t from);

/* Splits the arguments between the parentheses: texts in double quotes or bare words, separated by commas.
 * Returns their number, or -1 with the place in *AT and what is *WRONG there. */
int plugin_args(struct text all, struct gp_argument *args, size_t *at, const char **wrong);

/* Compiles CHECK for the arguments between the parentheses. Returns 0, or -1 with the place in ALL and the
 * REASON in words. */
int plugin_compile(const struct gp_check *check, const struct gp_check_host *host, struct text all, void **data,
                   size_t *at, char *reason, size_t cap);

/* Calls it at operation OP. Returns 1, 0, or -1 cannot say; any other answer counts as -1. WHY (may be NULL)
 * gets the reason. */
int plugin_match(const struct gp_check *check, void *data, enum operation op, const struct facts *f,
                 struct text subject, struct writer *why);

/* A host that has a clock and no log. */
extern const struct gp_check_host plugin_silent_host;

#endif
