/*
 * session.h - the session that one Exim process serves, for both callers: exim.c (ACLs) and local_scan.c. Exim
 * runs one process per connection and has no threads, so the session is static.
 */
#ifndef GATEPOST_EXIM_SESSION_H
#define GATEPOST_EXIM_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/gatepost.h"
#include "exim_abi.h"

/* Exim replies with at most one line of 512 bytes, CRLF included. */
#define EXIM_REPLY_MAX 500

struct exim_options {
    char buffer[1024]; /* the words, each ending in NUL */
    const char *config;
    const char *state_dir;
    bool tempfail; /* the reply to an internal failure */
};

/* What Exim passes at the start of a session. An empty address: not over the network. */
struct exim_peer {
    const char *options;
    const char *address;
    const char *local_address;
    const char *local_port;
    const char *local_name;
};

/* The one connection that this process serves. */
struct exim_connection {
    pid_t process;
    const struct gp_api *api;
    struct gp_engine *engine;
    struct gp_session *session;
    struct exim_options options;
    char address[64]; /* of the client the session is about */
    char *helo;       /* the last greeting that the engine got; NULL: none, or there was no memory for it */
    bool whole;       /* the include called the module at connect: no phase is left out */
    bool greeted;     /* the engine was told a greeting */
    bool connected;   /* the engine was asked about the connection */
    bool name_known;  /* the engine has the client's name, or knows that there is none */
    bool authenticated;
    bool transaction; /* the ACLs have reported MAIL */
    bool judged;      /* the ACLs had this message judged */
    bool rcpt_passed; /* our verdict on the last RCPT */
    int rcpt_before;  /* recipients accepted when it was asked */
    bool failed;      /* and said so in the log */
    char value[EXIM_REPLY_MAX + 16];
};

extern struct exim_connection exim_self;

/* S as a C string; "" for NULL. */
const char *exim_text(const uschar *s);

/* TEXT, at most 63 bytes, expanded by Exim, which owns the value; "" if that is not possible. */
const char *exim_expand(const char *text);

/* Makes sure that the state is that of this process. The parent's state is forgotten, not freed, because it
 * belongs to the parent. */
void exim_own_process(void);

/* Makes sure that there is an engine, and a session of it for the client of PEER. Returns false if there is
 * none, which has been logged. */
bool exim_session_ready(const struct exim_peer *peer);

/* Returns whether the rules need the client's name and it has not been passed. */
bool exim_name_missing(void);

/* Passes the result of a look-up: the name, "" for none, "?" for no answer at present. */
void exim_tell_name(const char *name);

/* Reports, once, that AUTH succeeded, if AUTHENTICATED is not empty. */
void exim_tell_auth(const char *authenticated);

/* Passes a greeting, the line as received. Returns the action and fills *V. */
int exim_tell_helo(const char *line, struct gp_verdict *v);

/* Passes the header and judges the message, of SIZE bytes. HEADERS is $message_headers_raw, used only if
 * Exim exports no list of fields. Returns the action and fills *V. */
int exim_judge_message(const char *headers, uint64_t size, struct gp_verdict *v);

#endif
