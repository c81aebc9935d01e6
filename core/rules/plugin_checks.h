/*
 * plugin_checks.h - what the checks of plugins were compiled to, for one set of rules. Counted; it lives beside the block
 * that asks for them and is never changed once other threads see it.
 */
#ifndef GATEPOST_RULES_PLUGIN_CHECKS_H
#define GATEPOST_RULES_PLUGIN_CHECKS_H

#include "block.h"
#include "plugin.h"

struct plugin_checks;

/* Adds what a check was compiled to after the others, in *CHECKS (NULL at first). DATA is taken over. Returns false when
 * out of memory: then DATA has been freed. Before the checks are shared. */
bool plugin_checks_add(struct plugin_checks **checks, const struct gp_check *check, void *data);

/* One more reference to CHECKS (may be NULL), and one less. The last one frees them. */
struct plugin_checks *plugin_checks_ref(struct plugin_checks *checks);
void plugin_checks_unref(struct plugin_checks **checks);

/* How a plugin is opened; plugin_open() but in tests. */
typedef plugin_list (*plugin_opener)(const char *path, char *reason, size_t cap);

/*
 * Loads and compiles all that rules from an image ask of plugins, into *OUT (NULL if there is nothing). Returns true if
 * they have no such checks or all of them can be asked; false if one cannot: it cannot say, from then on. An image that
 * somebody else may have written is never followed to a plugin: it would be a way to have code run.
 */
bool plugin_checks_take_up(const struct block *r, const struct gp_check_host *host, plugin_opener open,
                           struct plugin_checks **out);

/* Asks the check of RULE, one with RULE_PLUGIN: as evaluate_rule(). CHECKS may be NULL: then it cannot say. */
int plugin_checks_match(const struct plugin_checks *checks, const struct rule *rule, const struct facts *facts,
                        struct text subject, struct writer *why);

/* The facts that it cannot do without: gp_check.needs. */
uint32_t plugin_checks_needs(const struct plugin_checks *checks, const struct rule *rule);

#endif
