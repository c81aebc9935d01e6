/*
 * builder.h - builds the block of a rule set. A builder belongs to one thread. When memory runs out it
 * remembers that, and its further calls do nothing, so one test at the end is enough.
 */
#ifndef GATEPOST_RULES_BUILDER_H
#define GATEPOST_RULES_BUILDER_H

#include "core/base/arena.h"
#include "plugin_checks.h"

struct builder;

/* A rule as parsed; texts are borrowed for the call. */
struct rule_draft {
    enum operation operation;
    enum rule_action action;
    unsigned flags;
    unsigned check;
    uint32_t operand;
    uint32_t block_seconds;
    uint32_t line;
    uint32_t file;
    struct text source; /* the test as written: for messages */
    struct text code;   /* of a pattern */
    struct text reply;
    const struct rule_draft
        *more; /* further tests, joined by `and`: their operation, flags, check, operand, source */
    uint32_t more_n;
};

/* REGISTRY identifies the checks that rules may use: checks_stamp(). Returns NULL when out of memory. */
struct builder *builder_new(uint32_t registry);
void builder_free(struct builder **b);

/* Copies a text, without alignment, with a NUL after it. The same text is kept once. */
struct span builder_text(struct builder *b, struct text t);

/* Copies a list of COUNT elements of SIZE bytes, aligned to eight. */
struct span builder_list(struct builder *b, const void *elements, size_t count, size_t size);

/* Notes a file that the rules come from. Returns its number. */
uint32_t builder_file(struct builder *b, struct text name, struct text path, const struct file_id *id);

/* Returns the slot of the table called NAME, which is added if it is new; UINT32_MAX if there are too many. */
uint32_t builder_table(struct builder *b, struct text name);
void builder_table_path(struct builder *b, uint32_t slot, struct text path, bool optional);
bool builder_table_has_path(const struct builder *b, uint32_t slot);

/* Returns the counter of a header field (has, once), which is added if it is new. */
uint32_t builder_counter(struct builder *b, struct text field);

/* Sets what the engine lends to checks of plugins, which must outlive the rules. Call it before
 * builder_check(). */
void builder_host(struct builder *b, const struct gp_check_host *host);

/* The checks that rules may use by name; the caller may add to them. */
struct plugin_known *builder_known_checks(struct builder *b);

/* Returns the number of the plugin at PATH. *IS_NEW: it was not known. */
uint32_t builder_plugin(struct builder *b, struct text path, bool *is_new);

/* Compiles a plugin's check for the arguments between its parentheses, once for the same arguments, and sets
 * *OPERAND. Returns false with the place in ARGS and the REASON if the check does not accept them. */
bool builder_check(struct builder *b, const struct plugin_check *c, struct text args, uint32_t *operand,
                   size_t *at, char *reason, size_t cap);

void builder_rule(struct builder *b, const struct rule_draft *d);

/* Returns the settings that will be in the block, to be changed in place; valid until the next call of a
 * builder function. */
struct settings *builder_settings(struct builder *b);

/* Finishes: makes the indexes and returns the block and, in *CHECKS (may be NULL: then they are lost), the
 * compiled checks of plugins. The builder is empty afterwards. Returns NULL when out of memory. */
struct block *builder_finish(struct builder *b, struct plugin_checks **checks);

#endif
