/*
 * checks.h - the named tests. One const registry; adding a check touches checks.c alone.
 */
#ifndef GATEPOST_CHECKS_H
#define GATEPOST_CHECKS_H

#include "block.h"
#include "facts.h"

#include "core/base/writer.h"

/* What the operand of a check is. Whoever reads the rule makes it. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_WORD,    /* the number of a word: `words` */
    OPERAND_WORDS,   /* a mask: bit N for word N; no argument is all of them */
    OPERAND_COUNTER, /* the counter of a header field */
    OPERAND_TABLE    /* the slot of a table, and in the upper half 1 + the number of a word of `words` */
};

struct check {
    const char *name;
    uint32_t operations; /* mask of OP_BIT() where it makes sense */
    uint32_t about; /* mask of OP_BIT(): the operations whose fact it looks at; 0: it depends on the operand */
    uint32_t facts; /* mask of GP_FACT_… without which it cannot say; the others it looks at, match() knows */
    enum { ARGS_NONE, ARGS_OPTIONAL, ARGS_NEEDED } args;
    const char *args_hint; /* for messages: "has(Message-ID)" */

    enum operand_kind operand;
    const char *const *words; /* with OPERAND_WORD: by number; "" stands for no argument; NULL ends them */
    const char *problem;      /* what is said where the argument is none of that kind */

    /* 1 holds, 0 does not, -1 cannot say. Called from many threads at once. WHY (may be NULL) gets the reason
     * in words. */
    int (*match)(const struct facts *f, uint32_t operand, struct writer *why);
};

extern const struct check checks_registry[];
extern const unsigned checks_count;

/* The operations whose fact a test looks at: about, or what its operand says. */
uint32_t checks_about(const struct check *check, uint32_t operand, enum operation op);

/* Whether the latest recipient is in the trap table: 1, 0, or -1 cannot say. For who remembers it for the later
 * operations: facts.trap_offered. */
int checks_trap(const struct facts *f);

/* A number that changes with the registry: rules compiled for another one cannot be used. */
uint32_t checks_stamp(void);

/* The number of the check called NAME, or checks_count. */
unsigned checks_find(struct text name);

/* The known name nearest to NAME, or NULL if none is near. */
const char *checks_nearest(struct text name);

#endif
