/*
 * plugin_checks.h - what the checks of a ruleset's plugins were compiled to. It belongs to the ruleset, lives as long,
 * and is never changed once other threads see it.
 */
#ifndef GATEPOST_RULES_PLUGIN_CHECKS_H
#define GATEPOST_RULES_PLUGIN_CHECKS_H

#include "plugin.h"

#include "core/base/writer.h"
#include "block.h"

struct plugin_checks;

/* Adds what a check was compiled to behind the others, in *B (NULL at first). DATA is taken over. False when
 * out of memory: then DATA has been freed. */
bool plugin_checks_add(struct plugin_checks **b, const struct gp_check *check, void *data);

void plugin_checks_free(struct plugin_checks **b);

/* How a plugin is opened; plugin_open() but in tests. */
typedef plugin_list (*plugin_opener)(const char *path, char *reason, size_t cap);

/*
 * Loads and compiles all that a ruleset from an image asks of plugins. Returns true if it has no such checks or
 * all of them can be asked; false if one cannot: it cannot say, from then on. An image that somebody else may
 * have written is never followed to a plugin: it would be a way to have code run. Before the ruleset is shared.
 */
bool plugin_checks_take_up(struct block *r, const struct gp_check_host *host, plugin_opener open);

/* Asks the check of RULE, one with RULE_PLUGIN: as evaluate_rule(). */
int plugin_checks_match(const struct block *r, const struct rule *rule, const struct facts *facts,
                        struct text subject, struct writer *why);

/* The facts that it cannot do without: gp_check.needs. */
uint32_t plugin_checks_needs(const struct block *r, const struct rule *rule);

#endif
