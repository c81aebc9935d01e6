/*
 * expect.h - whether a reply is what an S: line of a dialogue wants. Pure; any thread.
 */
#ifndef GATEPOST_TOOLS_REPLAY_EXPECT_H
#define GATEPOST_TOOLS_REPLAY_EXPECT_H

#include "peer.h"

/*
 * EXPECTATION is what stands behind S:. "5" holds for any 5xx reply, "554" for that code, "554 text" for that
 * whole reply, and "closed" if the connection is closed. An enhanced code (RFC 3463) that stands in the reply
 * and not in the expectation is no difference: servers add one of their own.
 */
bool expect_holds(struct text expectation, const struct reply *reply);

/* T, "554 5.7.1 text", without the enhanced code; the code and the blank behind it stay in *CODE. */
struct text expect_split(struct text t, struct text *code, struct text *enhanced);

#endif
