/*
 * received.h - reads a Received field (RFC 5321 section 4.4): who handed the message over, under what name, and
 * when. Pure; any thread.
 *
 * Every server writes the field in its own form; received_forms.c has the table of those that are known. Only
 * what the receiving server writes names the client: never what the client said in HELO. A field that can be read
 * in two ways, or in a form that is not known, has no client.
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_H
#define GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_H

#include "tools/lib/calendar.h"
#include "core/mail/ip.h"

enum received_name {
    RECEIVED_NAME_UNKNOWN, /* the server does not show a name, or does not say whether it is verified */
    RECEIVED_NAME_NONE,    /* the server looked for one: there is none, or it is forged */
    RECEIVED_NAME_VERIFIED
};

enum { RECEIVED_HELO_MAX = 80 };

/* Slices of the text that was read, or of `literal`: not to be copied. */
struct received {
    const char *form;  /* the name of the form in the table; NULL: not known */
    bool local;        /* no client on the network: a pipe, a queue, the machine itself */
    bool fetched;      /* not taken in over SMTP: IMAP, POP3, HTTP and the like */
    bool from_network; /* with an unknown form: an address stands where the client would be */
    struct text by;    /* the server that wrote it: first word of the clause */
    bool has_by_ip;    /* its own address stands beside its name */
    struct ip by_ip;
    struct text protocol;  /* the words after `with` */
    struct text id;        /* first word of the clause */
    struct text recipient; /* of the clause `for`, without angle brackets */
    struct text sender;    /* of a comment envelope-from or envelope-sender, without angle brackets */
    bool has_sender;       /* such a comment is there: an empty sender is <> */
    struct text helo;      /* empty: not shown */
    enum received_name name_state;
    struct text name; /* the client's verified host name */
    struct ip client;
    bool has_client;
    bool authenticated; /* the server says that the client logged in */
    bool has_time;
    struct moment time;
    char literal[RECEIVED_HELO_MAX]; /* a HELO that the server wrote differently */
};

/* Reads the field's value, unfolded, in time proportional to its length. */
void received_parse(struct text value, struct received *out);

#endif
