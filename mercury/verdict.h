/*
 * verdict.h - what a verdict of the engine becomes in Mercury: a return value and a reply (design: fail and
 * refuse -1, close and drop -2). Where nobody has written down that -1 works, the setting mercury-fail-at has
 * not named it, and something that surely keeps the mail out without losing any is done instead: at HELO the
 * reply waits for MAIL; elsewhere the connection is closed before anything has been accepted.
 */
#ifndef GATEPOST_MERCURY_VERDICT_H
#define GATEPOST_MERCURY_VERDICT_H

#include "mercury_abi.h"
#include "sessions.h"

/* What on_event() returns for the verdict on EVENT; the reply is in E. */
INT_32 verdict_answer(struct visit *v, UINT_32 event, MSEVENTBUF *e, int action,
                      const struct gp_verdict *verdict);

/* The same for a reply that was held until MAIL. */
INT_32 verdict_answer_held(struct visit *v, MSEVENTBUF *e);

#endif
