/*
 * reply.h - the reply of a rule: "554 5.7.1 Go away". No state, any thread.
 */
#ifndef GATEPOST_CONFIG_REPLY_H
#define GATEPOST_CONFIG_REPLY_H

#include "line.h"

enum { REPLY_MAX = 500 };

/* Returns whether T may be a reply: at most REPLY_MAX bytes that begin with a code from 400 to 599, then a
 * blank or nothing. */
bool reply_has_code(struct text t);

/* Checks a reply and reports what is wrong with it. */
bool reply_check(struct line *l, size_t at, struct text reply, bool needs_code);

/* Splits a reply: its code (0 if it has none), the enhanced status code after it (RFC 3463; empty if none),
 * and the rest. */
void reply_split(struct text reply, unsigned *code, struct text *enhanced, struct text *rest);

#endif
