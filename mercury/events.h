/*
 * events.h - what the daemon does at each event of MercuryS: finds the session, tells the engine what the client
 * said, and answers Mercury with what the engine decides. No policy here; what a verdict becomes is in verdict.c.
 *
 * An event for the connection (CONNECT, CONNECT2) defines nothing but the client's address and our port: no
 * transaction id, no flag. So the connection is judged in a session of its own that ends with the event, and
 * only close and drop have an effect there. The session proper begins at HELO. It asks the connection once more,
 * in silence (GP_CONNECT_ASKED), for what waits until MAIL and for whom the rules exempt.
 */
#ifndef GATEPOST_MERCURY_EVENTS_H
#define GATEPOST_MERCURY_EVENTS_H

#include "core/gatepost.h"
#include <stdbool.h>

#include "mercury_abi.h"

/* From now on events are judged with ENGINE. */
void events_begin(const struct gp_api *api, struct gp_engine *engine);

/* Forgets all sessions. No thread may be in events_judge(). */
void events_end(void);

/* Judges one event; any thread. Returns what Mercury gets: 0, -1 or -2, the last two with the reply in E. */
INT_32 events_judge(UINT_32 event, MSEVENTBUF *e);

/* The events that are listened to: the NUMBERth (from 0), or 0 after the last. *NEEDED: nothing can be judged
 * without it. */
UINT_32 events_listened(unsigned number, bool *needed);

#endif
