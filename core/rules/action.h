/*
 * action.h - what a rule does when it triggers, and the words for it. Constant data; any thread.
 */
#ifndef GATEPOST_RULES_ACTION_H
#define GATEPOST_RULES_ACTION_H

#include "core/base/text.h"

enum rule_action {
    ACT_REFUSE,
    ACT_FAIL,
    ACT_CLOSE,
    ACT_DROP,
    ACT_LOG,
    ACT_SKIP,
    ACT_EXEMPT,
    ACT_HOLD,
    ACT_COUNT
};

/* The word of each action in a rule file. */
extern const char *const action_name[ACT_COUNT];

/* Whether WORD is the name of an action, in any case. Mercury's letters are read in config/rule_line.c. */
bool action_find(struct text word, enum rule_action *out);

/* Returns the action's name nearest to WORD; NULL if none is near. */
const char *action_nearest(struct text word);

/* The word of an enum gp_action for log lines and verdicts; "pass" for any other number. */
const char *action_verdict_name(unsigned verdict);

#endif
