/* checks.h - the named checks. One const registry; a new check changes only checks.c. */
#ifndef GATEPOST_CHECKS_H
#define GATEPOST_CHECKS_H

#include "block.h"
#include "facts.h"

#include "core/base/writer.h"

/* The kind of operand that a check has. The parser of rules makes it. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_WORD,    /* the number of a word: `words` */
    OPERAND_WORDS,   /* a mask: bit N for word N; no argument is all of them */
    OPERAND_COUNTER, /* the counter of a header field */
    OPERAND_TABLE    /* the slot of a table, and in the upper half 1 + the number of a word of `words` */
};

struct check {
    const char *name;
    uint32_t operations; /* mask of OP_BIT(): where rules may use it */
    uint32_t about; /* mask of OP_BIT(): the operations whose fact it looks at; 0: it depends on the operand */
    uint32_t facts; /* mask of GP_FACT_… without which it cannot say; the others it looks at, match() knows */
    enum { ARGS_NONE, ARGS_OPTIONAL, ARGS_NEEDED } args;
    const char *args_hint; /* for messages: "has(Message-ID)" */

    enum operand_kind operand;
    const char *const *words; /* with OPERAND_WORD: by number; "" means no argument; NULL ends them */
    const char *problem;      /* the message if the argument is not of that kind */

    /* Returns 1 if the check holds, 0 if not, -1 if it cannot say. Called from many threads at once. WHY
     * (may be NULL) gets the reason in words. */
    int (*match)(const struct facts *f, uint32_t operand, struct writer *why);
};

extern const struct check checks_registry[];
extern const unsigned checks_count;

/* The operations whose fact a test looks at: about, or what its operand says. */
uint32_t checks_about(const struct check *check, uint32_t operand, enum operation op);

/* Whether the latest recipient is in the trap table: 1, 0, or -1 cannot say. For who remembers it for the later
 * operations: facts.trap_offered. */
int checks_trap(const struct facts *f);

/* Returns a number that changes with the registry: rules compiled for another one cannot be used. */
uint32_t checks_stamp(void);

/* Returns the number of the check called NAME, or checks_count. */
unsigned checks_find(struct text name);

/* Returns the known name nearest to NAME, or NULL if none is near. */
const char *checks_nearest(struct text name);

#endif
