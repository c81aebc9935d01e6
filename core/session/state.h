/* state.h - what a session remembers. All files of this folder work on it; no code outside sees it. */
#ifndef GATEPOST_SESSION_STATE_H
#define GATEPOST_SESSION_STATE_H

#include "keep.h"
#include "core/engine/engine.h"
#include "core/rules/facts.h"
#include "core/rules/index.h"
#include "core/config/rule_line.h"

enum cause { CAUSE_NONE, CAUSE_RULE, CAUSE_BLOCK_TABLE, CAUSE_BLOCKLIST, CAUSE_ON_ERROR, CAUSE_COUNT };

struct decision {
    enum gp_action action;
    enum gp_phase phase;
    enum operation operation;
    enum cause cause;
    const struct rule *rule; /* with CAUSE_RULE */
    struct text reply;       /* in the rules, or in a mapped table: valid while the policy is held */
    uint32_t block_seconds;
};

enum {
    KEPT_CLIENT,
    KEPT_NAME,
    KEPT_LOCAL_NAME,
    KEPT_HELO,
    KEPT_MAIL,
    KEPT_RCPT,
    KEPT_FIRST_RCPT, /* in the form in which it is compared, like the next */
    KEPT_PLAIN_SENDER,
    KEPT_SUBJECT,
    KEPT_MAIL_PARSED, /* the address as the server itself has read it, and its second spelling */
    KEPT_MAIL_SECOND,
    KEPT_MAIL_WHOLE, /* the address with our name as its domain */
    KEPT_RCPT_PARSED,
    KEPT_RCPT_SECOND,
    KEPT_RCPT_WHOLE,
    KEPT_TRACE, /* the server that the newest Received field names */
    KEPT_COUNT
};

/* The server's parse of the address in the next MAIL or RCPT. */
enum { NOTED_FIRST = 1, NOTED_SECOND = 2, NOTED_LOST = 4, NOTED_ALL = 7, NOTED_RCPT_SHIFT = 3 };

/* The operations from which a client is exempt: a bit per operation, and one for the blocklist. */
enum { EXEMPTION_BLOCKLIST = OP_COUNT, EXEMPTION_ALL = (1 << (OP_COUNT + 1)) - 1 };

/* Answers of the exemption table, kept as long as their fact lasts. */
struct exemption_answers {
    uint32_t known;           /* bit per tag */
    uint32_t mask[TAG_COUNT]; /* TAG_TO: of the present recipient */
    bool all_recipients_known;
    uint32_t all_recipients; /* what every accepted recipient is exempt from */
    bool unusable;           /* the table cannot be used: on-error decides */
};

/* What triggered in this transaction, and how often; see repeats.h. */
struct repeats {
    uint32_t *place; /* by rule: 1 + index of its item; 0: none. NULL while there are few items */
    struct repeat *item;
    uint32_t n, cap;
};

/* How many milliseconds a session waits in total for the lock of the state directory. After that its writes
 * are given up at once if another process holds the lock. */
enum { SESSION_WAIT_MS = 100 };

struct gp_session {
    struct gp_engine *engine;
    struct policy *policy;
    const struct block *rules; /* of the policy; NULL: none in force */
    const struct settings *settings;
    struct facts facts;
    uint32_t noted; /* mask of NOTED_…, of the recipient shifted */

    bool connected;         /* the phase has been judged */
    bool connect_was_asked; /* in another session, for the same connection (GP_CONNECT_ASKED) */
    bool silent;            /* that connection is being judged again: nothing is counted, logged or put on
                             * the blocklist */
    bool greeted;           /* HELO has been judged */
    bool in_transaction;
    bool own_network;
    bool not_network;    /* not over the network: never judged */
    bool exempt;         /* action `exempt` */
    bool waits_for_auth; /* on a submission port */
    bool headers_over;
    bool has_first_rcpt;          /* of this transaction, in KEPT_FIRST_RCPT */
    bool has_subject;             /* of this message, in KEPT_SUBJECT; only if a relay pattern needs it */
    struct decision refused;      /* after refuse, close and drop: the reply to every later command */
    struct decision held_connect; /* given at MAIL, unless AUTH comes first */
    struct decision held_helo;
    const struct rule *held_block; /* a `log` rule that puts the client on the blocklist at MAIL */
    struct decision holding;       /* of `hold`, in this transaction: how its message is refused */
    struct decision message;       /* of the header being read */
    struct decision told;          /* the answer of the latest phase */
    struct exemption_answers exemption;
    struct repeats repeats;
    uint32_t wait_left; /* the part of SESSION_WAIT_MS that is left */
    bool said_unlisted; /* it was logged that this client could not be put on the blocklist; that an attempt
                        * could */
    bool said_unnoted;  /* not be noted */

    struct header_reader reader;
    uint32_t *counts;   /* per counted field */
    uint64_t *words[2]; /* for the walk over candidates */
    char *recipients;   /* accepted ones: local NUL domain NUL … */
    size_t recipients_size;
    size_t recipients_cap;
    size_t last_recipient; /* the beginning of the last accepted one */
    bool recipients_lost;  /* there was no memory for one */

    void (*trace)(void *context, const char *line, size_t n);
    void *trace_context;

    struct keep kept[KEPT_COUNT]; /* from here on nothing is set to zero when a session opens */
    char connect_subject[400];
    char enhanced[12];
    char reply[REPLY_MAX + 1];
    char cause[300];
};

/* Returns whether nothing of this session is judged: own network, authenticated, exempt, or not over the
 * network. */
static inline bool session_is_never_judged(const struct gp_session *s)
{
    return s->own_network || s->exempt || s->not_network ||
           (s->facts.authenticated && !s->settings->judge_authenticated);
}

#endif
