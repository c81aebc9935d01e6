/*
 * plugin.h - checks that come from plugins (gatepost.h, struct gp_check): what is known of them while rules are
 * read. A plugin is code, and trusted as the rule file is that names it; but what it says of itself is looked
 * at before it is used.
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
    uint32_t plugin; /* in the ruleset's list */
};

/* The checks that the `load` lines so far have brought. */
struct plugin_known {
    struct plugin_check known[PLUGIN_CHECKS_MOST];
    unsigned count;
    bool missing; /* a plugin did not load: nobody knows what it would have brought */
};

/* Loads the plugin at the absolute PATH, suffix included, and asks for its checks. Returns NULL with the REASON
 * if there are none to be had. */
plugin_list plugin_open(const char *path, char *reason, size_t cap);

/* Adds the checks of LIST, from the plugin with that number. Returns false with the REASON if one of them
 * cannot be taken; the rest may have been added. */
bool plugin_add(struct plugin_known *c, uint32_t plugin, plugin_list list, char *reason, size_t cap);

/* NULL if no check has that name. */
const struct plugin_check *plugin_find(const struct plugin_known *c, struct text name);

/* The check of LIST called NAME (any case); NULL if there is none. */
const struct gp_check *plugin_check_in(plugin_list list, struct text name);

/* The known name nearest to NAME, or NULL. */
const char *plugin_nearest(const struct plugin_known *c, struct text name);

/* What is to be loaded for a check that gatepost itself brings in a plugin: "checks/regex"; NULL for others. */
const char *plugin_of(struct text name);

/* Where a list of arguments ends: the index of the ')' that closes what begins at FROM, text.n if nothing does.
 * Double quotes hide parentheses. */
size_t plugin_args_end(struct text text, size_t from);

/* Takes the arguments between the parentheses apart: texts in double quotes or bare words, with commas between.
 * Returns their number, or -1 with the place in *AT and what is *WRONG there. */
int plugin_args(struct text all, struct gp_argument *args, size_t *at, const char **wrong);

/* Compiles CHECK for what stands between the parentheses. Returns 0, or -1 with the place in ALL and the REASON
 * in words. */
int plugin_compile(const struct gp_check *check, const struct gp_check_host *host, struct text all, void **data,
                   size_t *at, char *reason, size_t cap);

/* Asks it at operation OP: 1, 0, or -1 cannot say; anything else that it answers is -1. WHY (may be NULL) gets
 * the reason. */
int plugin_match(const struct gp_check *check, void *data, enum operation op, const struct facts *f,
                 struct text subject, struct writer *why);

/* A host that has a clock and no log. */
extern const struct gp_check_host plugin_silent_host;

#endif
