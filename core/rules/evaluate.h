/*
 * evaluate.h - does the test of a rule hold for the facts: patterns, checks, and checks of plugins. Allocates nothing;
 * any thread.
 */
#ifndef GATEPOST_RULES_EVALUATE_H
#define GATEPOST_RULES_EVALUATE_H

#include "block.h"
#include "facts.h"

/* Whether RULE, of a block that may come from a damaged file, can be asked: its operation and action exist, and its
 * check can be asked at that operation, so that it finds its facts. Whoever walks rules asks this before anything else
 * of them. */
bool evaluate_is_sound(const struct block *r, const struct rule *rule);

/* Whether the test of RULE holds for the facts: 1, 0, or -1 cannot say. SUBJECT is what a pattern of that operation
 * sees; WHY (may be NULL) gets the reason in words. */
int evaluate_rule(const struct block *r, const struct rule *rule, const struct facts *facts,
                  struct text subject, struct writer *why);

/* Whether the server could not tell what RULE asks about: then its test was not even tried. */
bool evaluate_lacks_fact(const struct rule *rule, const struct facts *facts);

/* Whether RULE triggers, TEST being what evaluate_rule() said: the test holds, or, with `not`, does not. One that
 * cannot say never triggers. */
static inline bool evaluate_triggers(const struct rule *rule, int test)
{
    return test >= 0 && (test == 1) != ((rule->flags & RULE_NOT) != 0);
}

#endif
