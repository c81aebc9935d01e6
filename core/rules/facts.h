/*
 * facts.h - the known facts of a session. The session fills it; rules and checks read it. All slices belong to
 * the session.
 */
#ifndef GATEPOST_FACTS_H
#define GATEPOST_FACTS_H

#include "core/gatepost.h"
#include "core/mail/header.h"
#include "core/mail/ip.h"
#include "core/mail/mailbox.h"
#include "operation.h"

struct block;
struct plugin_checks;
struct table;

struct facts {
    const struct block *rules; /* the rules in force, for own names and addresses */

    const struct plugin_checks *plugins; /* the compiled checks of its plugins; NULL: none can be used */

    /* One open table per `table` setting, then the trap table; NULL where it could not be opened. */
    struct table *(*table)(void *context, unsigned slot);
    void *table_context;

    struct ip client;
    bool client_known; /* false: not over the network, or not an address */
    struct text client_text;
    uint32_t client_port;
    struct text name; /* verified name, else empty */
    uint32_t name_state;
    struct ip local;
    bool local_known;
    uint32_t local_port;
    struct text local_name;
    bool authenticated;

    uint32_t unknown; /* mask of GP_FACT_… */
    uint32_t cut;     /* those of which the line below is only the beginning */

    enum operation asking; /* the operation whose rules are tried */

    struct text helo_line; /* verb included, without line end */
    struct text helo;      /* the argument */
    struct text mail_line;
    struct mailbox sender; /* as the server itself has read it, or else as it is in the line */
    struct text rcpt_line;
    struct mailbox recipient;
    /* Second spellings (GP_SECOND); an empty address: none. A check that refuses a client matches by either
     * spelling. */
    struct mailbox second_sender;
    struct mailbox second_recipient;

    const struct field *field;   /* the field that is judged */
    const uint32_t *field_count; /* how often each counted field occurred, by the numbers of the rule set */
    /* Whether the client tried a recipient of this transaction that is a trap: 1, 0, or -1 cannot say. Kept only if a
     * rule asks for it after RCPT. */
    int trap_offered;
    bool trace_seen;        /* a Received field came; kept only if a rule asks for own-trace */
    struct text trace_by;   /* the server that the newest of them names */
    bool fields_incomplete; /* the header was cut, so nobody knows which fields are missing */
};

#endif
