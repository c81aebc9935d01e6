/* expect.h - whether a reply matches an S: line of a dialogue. Pure; any thread. */
#ifndef GATEPOST_TOOLS_REPLAY_EXPECT_H
#define GATEPOST_TOOLS_REPLAY_EXPECT_H

#include "peer.h"

/*
 * EXPECTATION is what follows S:. "5" matches any 5xx reply, "554" that code, "554 text" that whole reply, and
 * "closed" a closed connection. An enhanced code (RFC 3463) that only the reply has makes no difference:
 * servers add their own.
 */
bool expect_holds(struct text expectation, const struct reply *reply);

/* Returns T, "554 5.7.1 text", without the enhanced code; the code and the blank after it stay in *CODE. */
struct text expect_split(struct text t, struct text *code, struct text *enhanced);

#endif
