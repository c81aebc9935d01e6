/*
 * evaluate.h - whether the test of a rule holds for the facts: patterns, checks, and checks of plugins.
 * Allocates nothing; any thread.
 */
#ifndef GATEPOST_RULES_EVALUATE_H
#define GATEPOST_RULES_EVALUATE_H

#include "block.h"
#include "facts.h"

/* Returns whether RULE, of a block that may come from a damaged file, can be evaluated: its operation and
 * action exist, and its check may be used at that operation, so that it finds its facts. Code that walks
 * rules calls this before it uses anything else of them. */
bool evaluate_is_sound(const struct block *r, const struct rule *rule);

/* Returns whether the test of RULE holds for the facts: 1, 0, or -1 cannot say. SUBJECT is what a pattern of
 * that operation sees; WHY (may be NULL) gets the reason in words. */
int evaluate_rule(const struct block *r, const struct rule *rule, const struct facts *facts,
                  struct text subject, struct writer *why);

/* Returns the operations, as OP_BIT()s, whose fact TEST looks at, if they are not the one it is asked at. */
uint32_t evaluate_about(const struct rule *test);

/* Returns whether the server did not pass on the fact that RULE needs: then its test was not tried. */
bool evaluate_lacks_fact(const struct rule *rule, const struct facts *facts);

/* Returns whether RULE triggers. TEST is the result of evaluate_rule(): the test holds, or, with `not`, does
 * not hold. A test that cannot say never triggers. */
static inline bool evaluate_triggers(const struct rule *rule, int test)
{
    return test >= 0 && (test == 1) != ((rule->flags & RULE_NOT) != 0);
}

#endif
