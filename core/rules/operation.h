/*
 * operation.h - the operations at which rules are tried, and their words in the rule file. Constant data; any
 * thread.
 */
#ifndef GATEPOST_RULES_OPERATION_H
#define GATEPOST_RULES_OPERATION_H

#include "core/base/text.h"

/* In the order of the phases. */
enum operation {
    OP_CONNECT,
    OP_HELO,
    OP_HELO_DEFERRED,
    OP_MAIL,
    OP_RCPT,
    OP_HEADER,
    OP_SUBJECT,
    OP_MESSAGE_ID,
    OP_HEADERS,
    OP_COUNT
};

#define OP_BIT(op) (1u << (op))

/* The word of each operation, for rule files and messages. */
extern const char *const operation_name[OP_COUNT];

/* Returns whether WORD names an operation, as Mercury's letter or as a word, in any case. */
bool operation_find(struct text word, enum operation *out);

/* Returns the operation's name nearest to WORD; NULL if none is near. */
const char *operation_nearest(struct text word);

/* The word of an enum gp_phase for log lines and verdicts; "-" for none. */
const char *operation_phase_name(unsigned phase);

#endif
