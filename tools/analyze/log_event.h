/*
 * log_event.h - the contents of one line of a log, and the small parts that the readers of all servers share.
 * Pure; any thread may read lines, each into an event of its own.
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
    LOG_RESTRICTED,  /* MercuryS refused the client because it is on that list */
    LOG_REPEATED     /* syslog wrote the line before only once, and this one has the count */
};

enum log_program { LOG_SENDMAIL, LOG_EXIM, LOG_POSTFIX, LOG_MERCURY, LOG_GATEPOST };

enum { LOG_ADDRESS_MAX = 320, LOG_REASON_MAX = 160, LOG_TIMES_MAX = 10000 /* of one line */ };

/* Texts are slices of the line or of `memory`: don't copy the struct, and don't keep it longer than the line. */
struct log_event {
    enum log_kind kind;
    enum log_program program;
    bool has_stamp;
    struct log_stamp stamp;
    struct text line; /* from the stamp on */
    struct text id;   /* the queue id; empty: none */
    struct text name; /* the client as MercuryS wrote it, without brackets */
    bool has_client;  /* with LOG_REFUSAL: it is certain that the server wrote it */
    struct ip client;
    bool has_sender; /* an empty sender is <> */
    struct text sender;
    bool has_recipient;
    struct text recipient;
    bool temporary;     /* not a final refusal: a 4xx code, or no code from a server that writes the code of
                     * every final one */
    bool busy;          /* with temporary: the server had no room for any client */
    struct text reason; /* the reply, as the log has it */
    struct text own;    /* a line of gatepost itself: the text after "gatepost: " */
    bool traffic; /* set by the caller: look for what is accepted, too; log_line_read() leaves it as it is */
    struct text accepted; /* whatever the kind: has addresses that mail was accepted for */
    bool inside;          /* the client is local, private or logged in */
    struct text insider;  /* a sender seen from inside */
    unsigned times;       /* how often syslog says the message came */
    bool partial;         /* a piece of a message, which continues in the next line of `stream` */
    unsigned stream;      /* 1 and 2 in the log of a container, else 0 */
    char memory[4 * LOG_ADDRESS_MAX + LOG_REASON_MAX];
    size_t used;
};

/* Returns a copy of T in the event's own memory; empty if there is no room, which cannot happen: every part
 * is bounded. */
struct text log_event_keep(struct log_event *e, struct text t);

/* Whether CLIENT is a machine of this site: loopback, or a private address. */
bool log_event_is_inside(const struct ip *client);

/* Sets the address of the sender or recipient, unless one is set. Archives of mailing lists write
 * "user at example.com"; the '@' is put back. */
void log_event_address(struct log_event *e, bool recipient, struct text address);

enum log_code { LOG_CODE_NONE, LOG_CODE_TEMPORARY, LOG_CODE_FINAL };

/* The class of the reply code or enhanced status code that REPLY begins with. */
enum log_code log_event_code(struct text reply);

/* Sets the reply of the refusal, and `temporary` if it has a 4xx code. The server's reader judges a reply
 * without a code. */
void log_event_reason(struct log_event *e, struct text reply);

/* Removes "h6O8BjCE012345: " or "NOQUEUE: " from the front of *M and sets the id, which has a digit. */
void log_event_take_id(struct log_event *e, struct text *m);

#endif
