/*
 * sessions.h - the sessions that Mercury tells us of, by its transaction ids. A table of limited size: one that
 * nothing was heard of for an hour is forgotten, and when all places are taken the one that was silent longest.
 *
 * Events may come from several threads at once. The lock of the table is held to find a session only; then one
 * thread at a time has it. Everything here may be called by any thread.
 */
#ifndef GATEPOST_MERCURY_SESSIONS_H
#define GATEPOST_MERCURY_SESSIONS_H

#include <windows.h>

#include <stdbool.h>
#include <string.h>

#include "core/gatepost.h"

enum { SESSIONS_MOST = 512, SESSION_SILENCE_MS = 3600000 };

/* One session of Mercury's, and what the adapter knows of it. */
struct visit {
    struct gp_session *session; /* NULL: not opened yet */
    const struct gp_settings_ext *settings;
    bool begun;           /* the engine has been asked or told something, and knows the name */
    bool authenticated;   /* and the engine knows */
    bool exempt;          /* a transaction filter of Mercury's has blessed it: it is not judged */
    bool exempt_message;  /* Mercury has marked this message as exempt, and the rules say that this counts */
    bool rcpt_passed;     /* the last RCPT was none that we turned away, and Mercury has not said yes to it */
    bool fields_any;      /* some field of the message has been told to the engine */
    bool helo_after_auth; /* the greeting was judged as one of somebody who has authenticated */
    char held[520];       /* reply to HELO that waits for MAIL; empty: none */
    char helo[512];       /* the greeting it is about */

    /* sessions.c's own */
    uint32_t id;
    int32_t start;
    uint32_t heard; /* ticks in milliseconds */
    unsigned users;
    bool forgotten;
    uint32_t thread; /* that has it */
    CRITICAL_SECTION lock;
    struct visit *next;
};

/* What the rules of the visit's session say of a setting for Mercury; NULL while none are in force. */
static inline const char *visit_setting(const struct visit *v, const char *name)
{
    return v->settings ? v->settings->get(v->session, name) : NULL;
}

/* Whether the setting is VALUE. False while no rules are in force. */
static inline bool visit_setting_is(const struct visit *v, const char *name, const char *value)
{
    const char *words = visit_setting(v, name);
    return words && strcmp(words, value) == 0;
}

/* END frees what the adapter put into a visit. */
void sessions_init(void (*end)(struct visit *visit));

/* The visit with that ID, made if there is none or if START shows that it was another session. NULL when out of
 * memory, or if this very thread has it already (an event inside an event). To be given back. ID 0 gets a visit
 * of its own each time. */
struct visit *sessions_take(uint32_t id, int32_t start);
void sessions_give(struct visit *visit);

/* Forgets the session; one that a thread has ends when it is given back. */
void sessions_forget(uint32_t id);

/* Forgets all of them. No thread may have one; for the time after closedown(). */
void sessions_fini(void);

#endif
