/*
 * mailbox.h - the address in a MAIL or RCPT command (RFC 5321 section 4.1.2), read as leniently as servers do.
 * Pure; any thread.
 */
#ifndef GATEPOST_MAILBOX_H
#define GATEPOST_MAILBOX_H

#include "core/base/text.h"

/* Slices of the text that was read. */
struct mailbox {
    struct text address; /* what the angle brackets hold, without source route; empty for <> */
    struct text local;   /* the part before the last '@' that is not quoted; quotes kept */
    struct text domain;  /* the part after it, without a dot at the end; empty for "postmaster" and <> */
    bool null_sender;    /* it was "<>" */
    bool closed;         /* the closing '>' was there: nothing after it can change the address */
    bool cfws;           /* it has comments or white space outside quotes, which mailbox_clean() removes */
    bool routed;         /* it had a source route */
};

/* Finds the address in a whole command line ("MAIL FROM:<a@b> SIZE=1", "rcpt to: a@b", "RCPT
 * TO:<@x,@y:a@b>"): what follows the first colon. It understands blanks after the colon, missing or doubled
 * brackets, a name or comment before them ("TO: Sugar <a@b>"), a quoted local part with '@', '>' or blanks
 * in it, and UTF-8 (RFC 6531). Local part or domain may be missing. Returns false if there is no address
 * (then *OUT is empty). */
bool mailbox_from_command(struct text line, struct mailbox *out);

/* The same for the bare argument: "<a@b> SIZE=1" or "a@b". */
bool mailbox_parse(struct text argument, struct mailbox *out);

/* Removes comments and white space outside quotes (CFWS, RFC 5322 section 3.2.2), as a server does:
 * "sugar(x) @ example.com" becomes sugar@example.com. Without `cfws` M does not change. ROOM has
 * M->address.n bytes and may be the memory of the address; the parts of M are then slices of it. Returns
 * false if what is left is neither an address nor <>. */
bool mailbox_clean(struct mailbox *m, char *room);

/* Writes LOCAL as it is compared: without quotes and backslashes, so that "\"sugar\"" is sugar. At most CAP
 * bytes are written to OUT. Returns the length, or CAP + 1 if it does not fit. Letter case is kept. */
size_t mailbox_local_plain(struct text local, char *out, size_t cap);

/* Returns the local part of M in plain form: in OUT if it fits, else as it is in M. */
struct text mailbox_plain(const struct mailbox *m, char *out, size_t cap);

#endif
