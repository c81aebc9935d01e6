/*
 * log_event.h - what one line of a log says, and the small parts that the readers of all servers share. Pure; any
 * thread may read lines, each into an event of its own.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_EVENT_H
#define GATEPOST_TOOLS_ANALYZE_LOG_EVENT_H

#include "core/mail/ip.h"
#include "log_time.h"

enum log_kind {
    LOG_UNKNOWN,     /* not a line of a mail server, or in no known form */
    LOG_OTHER,       /* a line of a mail server that refuses nothing */
    LOG_REFUSAL,     /* something was refused: a connection, a command, a recipient, a message */
    LOG_PART,        /* gives the sender or recipient of a transaction that other lines are about */
    LOG_BLACKLISTED, /* MercuryS put the client on its short-term blacklist */
    LOG_RESTRICTED   /* MercuryS refused the client because it is on that list */
};

enum log_program { LOG_SENDMAIL, LOG_EXIM, LOG_POSTFIX, LOG_MERCURY, LOG_GATEPOST };

enum { LOG_ADDRESS_MAX = 320, LOG_REASON_MAX = 160 };

/* Texts are slices of the line or of `memory`: don't copy the struct, and don't keep it longer than the line. */
struct log_event {
    enum log_kind kind;
    enum log_program program;
    bool has_stamp;
    struct log_stamp stamp;
    struct text line; /* from the stamp on */
    struct text id;   /* the queue id; empty: none */
    struct text name; /* the client as MercuryS wrote it, without brackets */
    bool has_client;  /* with LOG_REFUSAL: only the server can have written it there */
    struct ip client;
    bool has_sender; /* an empty sender is <> */
    struct text sender;
    bool has_recipient;
    struct text recipient;
    bool temporary;     /* refused with a 4xx code */
    struct text reason; /* the reply, as the log has it */
    struct text own;    /* a line of gatepost itself: what follows "gatepost: " */
    char memory[4 * LOG_ADDRESS_MAX + LOG_REASON_MAX];
    size_t used;
};

/* Returns a copy of T in the event's own memory; empty if there is no room, which cannot be: every part is
 * bounded. */
struct text log_event_keep(struct log_event *e, struct text t);

/* Sets the address of the sender or recipient, unless one is set. Archives of mailing lists write
 * "user at example.com"; the '@' is put back. */
void log_event_address(struct log_event *e, bool recipient, struct text address);

/* Sets the reply that refused, and `temporary` if it has a 4xx code. */
void log_event_reason(struct log_event *e, struct text reply);

/* Takes "h6O8BjCE012345: " or "NOQUEUE: " off the front of *M and sets the id, which has a digit. */
void log_event_take_id(struct log_event *e, struct text *m);

#endif
