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
    struct text local;   /* left of the last '@' that is not quoted; quotes kept */
    struct text domain;  /* right of it, without a dot at the end; empty for "postmaster" and <> */
    bool null_sender;    /* it was "<>" */
    bool closed;         /* its '>' stood there: nothing after it can change the address */
    bool cfws;   /* comments or white space stand in it outside of quotes: mailbox_clean() takes them away */
    bool routed; /* a source route stood before it */
};

/* Finds the address in a whole command line ("MAIL FROM:<a@b> SIZE=1", "rcpt to: a@b", "RCPT TO:<@x,@y:a@b>"):
 * what comes after the first colon. Blanks after the colon, missing or doubled brackets, a name or comment
 * before them ("TO: Sugar <a@b>"), a quoted local part with '@', '>' or blanks in it, and UTF-8 (RFC 6531) are
 * understood; neither side need be there. Returns false if there is no address in it (then *OUT is empty). */
bool mailbox_from_command(struct text line, struct mailbox *out);

/* The same for the bare argument: "<a@b> SIZE=1" or "a@b". */
bool mailbox_parse(struct text argument, struct mailbox *out);

/* Takes comments and white space outside of quotes (CFWS, RFC 5322 section 3.2.2) away, as a server does: "sugar(x) @
 * example.com" is sugar@example.com. Without `cfws` M stays as it is. ROOM has M->address.n bytes and may be where the
 * address is; the parts of M are then slices of it. Returns false if nothing is left that is an address or <>. */
bool mailbox_clean(struct mailbox *m, char *room);

/* LOCAL as it is compared: quotes and backslashes taken away, so that "\"sugar\"" is sugar. At most CAP bytes
 * are written to OUT; returns the length, or CAP + 1 if it does not fit. Letter case is kept. */
size_t mailbox_local_plain(struct text local, char *out, size_t cap);

/* The left side of M in plain form: in OUT where it fits, else as it stands. */
struct text mailbox_plain(const struct mailbox *m, char *out, size_t cap);

#endif
