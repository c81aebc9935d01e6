/*
 * lint.h - warnings about what is allowed but probably a mistake (gatepost check). Used by the parser of
 * `gatepost check`, never in an MTA.
 */
#ifndef GATEPOST_CONFIG_LINT_H
#define GATEPOST_CONFIG_LINT_H

#include "rule_line.h"

struct lint_note;

/* What is remembered of each rule, in the order of the rules. */
struct lint {
    struct arena arena;
    struct lint_note *first;
    struct lint_note *last;
    bool told_bounces; /* the difference of S for bounces has been explained */
};

void lint_init(struct lint *lint);
void lint_fini(struct lint *lint);

/* Warns about one rule by itself, and remembers it. */
void lint_rule(struct lint *lint, struct line *l, const struct rule_text *rule);

/* Warns about rules of R that an earlier rule hides. */
void lint_hidden(struct lint *lint, const struct block *r, struct report *report);

#endif
