/*
 * plugin_checks.h - the compiled checks of plugins, for one set of rules. Counted; it exists beside the block
 * whose rules use them, and never changes once other threads see it.
 */
#ifndef GATEPOST_RULES_PLUGIN_CHECKS_H
#define GATEPOST_RULES_PLUGIN_CHECKS_H

#include "block.h"
#include "plugin.h"

struct plugin_checks;

/* Adds a compiled check after the others, in *CHECKS (NULL at first). DATA is taken over. Returns false when
 * out of memory: then DATA has been freed. Call it before the checks are shared. */
bool plugin_checks_add(struct plugin_checks **checks, const struct gp_check *check, void *data);

/* Adds a reference to CHECKS (may be NULL), and removes one. The last one frees them. */
struct plugin_checks *plugin_checks_ref(struct plugin_checks *checks);
void plugin_checks_unref(struct plugin_checks **checks);

/* How a plugin is opened; plugin_open() except in tests. */
typedef plugin_list (*plugin_opener)(const char *path, char *reason, size_t cap);

/*
 * Loads and compiles all checks of plugins that rules from an image use, into *OUT (NULL if there are none).
 * Returns true if there are none or all of them can be used; false if one cannot: that one cannot say from then
 * on. If another user may have written the image, no plugin is loaded for it: the image could make us run code.
 */
bool plugin_checks_take_up(const struct block *r, const struct gp_check_host *host, plugin_opener open,
                           struct plugin_checks **out);

/* Evaluates the check of RULE, which has RULE_PLUGIN, as evaluate_rule() does. CHECKS may be NULL: then it
 * cannot say. */
int plugin_checks_match(const struct plugin_checks *checks, const struct rule *rule, const struct facts *facts,
                        struct text subject, struct writer *why);

/* Returns the facts that it needs: gp_check.needs. */
uint32_t plugin_checks_needs(const struct plugin_checks *checks, const struct rule *rule);

#endif
