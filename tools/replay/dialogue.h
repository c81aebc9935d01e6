/*
 * dialogue.h - reads dialogue files (.smtp): SMTP conversations in text files.
 *
 *   config FILE                    the rules of the sessions that follow, relative to the dialogue
 *   time 2003-07-24T01:11:45Z      sets the clock (offset or Z)
 *   wait 3s                        lets time pass (s, m, h, d)
 *   label spam|ham                 labels the next session
 *   connect ADDRESS NAME [PORT]    starts a session; NAME `unknown`: no verified name; PORT of the server, default 25
 *   unknown helo|mail|rcpt|header|name
 *                                  what is not known of this session (one or more words)
 *   auth                           a successful AUTH
 *   C: line                        what the client sends
 *   S: 554 text                    the reply that the latest C: line should get
 *   S@exim,sendmail: 550           replaces the S: line before it for those servers
 *
 * Blank lines and lines that begin with # are ignored; " #" starts a comment after a directive. config, time
 * and label end the session before them. Lines end in LF, CRLF or CR and may hold any byte. A line that is
 * wrong is reported and skipped, so that one run reports every error.
 *
 * The whole file is in memory. The reader returns one item at a time, whose slices point into the file, and
 * allocates nothing. One reader belongs to one thread.
 */
#ifndef GATEPOST_TOOLS_REPLAY_DIALOGUE_H
#define GATEPOST_TOOLS_REPLAY_DIALOGUE_H

#include "core/base/error.h"

enum item_kind {
    ITEM_CONFIG,
    ITEM_TIME,
    ITEM_WAIT,
    ITEM_LABEL,
    ITEM_CONNECT,
    ITEM_UNKNOWN,
    ITEM_AUTH,
    ITEM_CLIENT,
    ITEM_SERVER
};

/* Servers that an S@ line can name; a mask. */
enum server {
    SERVER_EXIM = 1,
    SERVER_EXIM_SCAN = 2,
    SERVER_SENDMAIL = 4,
    SERVER_POSTFIX = 8,
    SERVER_MERCURY = 16
};

struct item {
    enum item_kind kind;
    unsigned line;
    struct text text; /* config: file; label: spam or ham; connect: address; C: and S: what follows the mark */
    struct text name; /* connect: verified host name, or empty */
    int64_t number;   /* time: seconds since 1970; wait: seconds; connect: port; unknown: mask of GP_FACT_… */
    unsigned servers; /* S@…: mask of enum server; 0 for S: */
};

struct dialogue {
    const char *file; /* for messages */
    struct text rest;
    unsigned line;
    char end;       /* of a line */
    bool connected; /* a session is open */
    bool spoken;    /* it has a C: line */
    bool expecting; /* the item before was an S: or S@ line */
    struct report *report;
};

/* BYTES and FILE must outlive the reader. REPORT gets the errors. */
void dialogue_init(struct dialogue *d, const char *file, struct text bytes, struct report *report);

/* Returns true and the next item, or false at the end of the file. */
bool dialogue_next(struct dialogue *d, struct item *out);

/* The server of that name, or 0. */
unsigned dialogue_server(struct text name);

#endif
