/*
 * added.h - what a server or a store put among the fields of a client, below the server's own Received field: the
 * results of its checks, marks of mail programs, the fields of a mailing list on the same host, a Message-ID where
 * the client had sent none. One struct added belongs to one message; it holds slices of its header.
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_ADDED_H
#define GATEPOST_TOOLS_TRANSCRIPT_ADDED_H

#include "received.h"

enum { ADDED_SERVERS = 16, ADDED_ARC = 64 };

struct added {
    struct text
        servers[ADDED_SERVERS]; /* names of the server that took the message in, and of those after it */
    size_t server_count;
    struct text domain;   /* the organisation of the one that took it in: its last labels */
    bool arc[ADDED_ARC];  /* the ARC sets that it made, by their number */
    bool is_list;         /* it keeps a list, and added the list's fields */
    unsigned precedences; /* fields of that name, and how many of them were asked about */
    unsigned precedence;
    bool foreign_spam_mark; /* X-Spam-* are of somebody before */
};

enum added_kind {
    ADDED_NOT,       /* the client sent it */
    ADDED_BY_STORE,  /* a mark of a mail program, or the final delivery's Return-Path */
    ADDED_BY_SERVER, /* a result, or a list's field */
    ADDED_MESSAGE_ID /* the client sent none */
};

/* The name of a server, from the top down; the last one took the message in. */
void added_server(struct added *a, struct text by);

/* Whether HOST is of the organisation of the server that took the message in. */
bool added_is_own(const struct added *a, struct text host);

/* Looks at each field below, before added_kind() is asked. */
void added_look(struct added *a, struct text name, struct text lines);

/* Whether PATH is an envelope sender that the server wrote when it sent the message on: a list's, or one by SRS. */
bool added_is_resent(const struct added *a, struct text path);

/* Who put that field there; ask about all of them, in their order. R is the server's own Received field. */
enum added_kind added_kind(struct added *a, const struct received *r, struct text name, struct text lines);

#endif
