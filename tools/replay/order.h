/*
 * order.h - the order in which the sessions of a dialogue file are played. A written conversation, with S:
 * lines, is played in the order of the file. Stored mail has no S: lines and comes folder by folder. It is
 * played in the order of its times; otherwise a client would be on the blocklist for what it did a year later.
 */
#ifndef GATEPOST_TOOLS_REPLAY_ORDER_H
#define GATEPOST_TOOLS_REPLAY_ORDER_H

#include "dialogue.h"

/* A session, and the directives before it. */
struct order_session {
    struct dialogue at; /* a reader whose next item is its connect line */
    int64_t time;
    uint64_t number; /* in the file, from 1 */
    struct text config, label;
};

/* D is at the beginning of the file, CLOCK the time there. Returns 1 and the sessions in the order of their
 * times, which the caller frees; 0: they are played in the order of the file; -1: out of memory. */
int order_sessions(const struct dialogue *d, int64_t clock, struct order_session **out, size_t *count);

#endif
