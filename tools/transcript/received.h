/*
 * received.h - reads a Received field (RFC 5321 section 4.4): who handed the message over, under what name, and
 * when. Pure; any thread.
 *
 * Every server writes the field in its own way:
 *
 *   Sendmail, Postfix, Courier   from HELO (ident@NAME [ADDRESS])    no name if NAME is missing, `unknown`, or
 *                                                                    followed by `(may be forged)`
 *   Exim                         from NAME ([ADDRESS] helo=HELO)     without helo=: HELO is NAME
 *                                from [ADDRESS] (helo=HELO)          no name
 *   qmail                        from NAME (HELO HELO) (ident@ADDRESS)   without HELO: HELO is NAME
 *   CommuniGate                  from [ADDRESS] (HELO HELO)
 *   Microsoft, PowerMTA, ...     from HELO ([ADDRESS])
 *                                from HELO (ADDRESS)
 */
#ifndef GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_H
#define GATEPOST_TOOLS_TRANSCRIPT_RECEIVED_H

#include "tools/lib/calendar.h"
#include "core/mail/ip.h"

/* Slices of the text that was read. */
struct received {
    struct text by;        /* the server that wrote it: first word of the clause */
    struct text protocol;  /* the words after `with` */
    struct text id;        /* first word of the clause */
    struct text recipient; /* of the clause `for`, without angle brackets */
    struct text sender;    /* of a comment envelope-from or envelope-sender, without angle brackets */
    bool has_sender;       /* such a comment is there: an empty sender is <> */
    struct text helo;      /* empty: not shown */
    struct text name;      /* the client's verified host name; empty: not shown, or shown as forged */
    struct ip client;
    bool has_client;
    bool authenticated; /* the client logged in (RFC 3848, and comments of Sendmail, Postfix, Exim) */
    bool fetched;       /* not taken in over SMTP: IMAP, POP3, HTTP and the like */
    bool has_time;
    struct moment time;
};

/* Reads the field's value, unfolded. Fills in whatever can be made out; anything may be missing. */
void received_parse(struct text value, struct received *out);

#endif
