/*
 * checks.h - the named tests. One const registry; adding a check touches checks.c alone.
 */
#ifndef GATEPOST_CHECKS_H
#define GATEPOST_CHECKS_H

#include "builder.h"

#include "core/base/writer.h"

/* What stands between the parentheses, and where the operand comes from. */
struct check {
    const char *name;
    uint32_t operations; /* mask of OP_BIT() where it makes sense */
    enum { ARGS_NONE, ARGS_OPTIONAL, ARGS_NEEDED } args;
    const char *args_hint; /* for messages: "has(Message-ID)" */

    /* Turns ARGS into the operand. Returns NULL, or a constant that says what is wrong with it. May be NULL
     * with ARGS_NONE. */
    const char *(*compile)(struct builder *b, struct text args, uint32_t *operand);

    /* 1 holds, 0 does not, -1 cannot say. Called from many threads at once. WHY (may be NULL) gets the reason
     * in words. */
    int (*match)(const struct facts *f, uint32_t operand, struct writer *why);
};

extern const struct check checks_registry[];
extern const unsigned checks_count;

/* The number of the check called NAME, or checks_count. */
unsigned checks_find(struct text name);

/* The known name nearest to NAME, or NULL if none is near. */
const char *checks_nearest(struct text name);

#endif
