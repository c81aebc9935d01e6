/*
 * transactions.h - puts the lines of one transaction together: which client was refused, with which sender and
 * recipient. Most servers write all of it in one line. Sendmail does not: its lines belong together by their
 * queue id or, in an excerpt without ids, because they follow each other. And for a message refused after its
 * data, Exim's reject log names the recipients below. Owned by one thread.
 *
 * A line that has everything is one attempt. A transaction of several lines is one attempt too, with its first
 * recipient, at the time of the refusal. Temporary refusals are not attempts and do not count against the
 * client, because large senders retry from many addresses; nor does the null sender make an envelope.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_TRANSACTIONS_H
#define GATEPOST_TOOLS_ANALYZE_TRANSACTIONS_H

#include "log_line.h"
#include "clients.h"
#include "mercury_blacklist.h"
#include "envelopes.h"
#include "traps.h"

enum {
    TRANSACTIONS_OPEN = 16384,      /* with an id, waiting for the rest; beyond that the oldest are forgotten */
    TRANSACTIONS_NEAR_SECONDS = 60, /* lines without an id, further apart, do not belong together */
    TRANSACTIONS_LINES = 8192       /* lines remembered, to recognise them in another log */
};

struct transaction {
    bool open, last; /* last: nothing came after it in its file */
    bool has_time;
    int64_t time;
    enum log_program program;
    bool has_client, has_sender, has_recipient, done;
    bool refused, inside, trapped; /* the client is one of ours; the recipient was counted for the traps */
    struct ip client;
    unsigned waiting; /* refusals whose client is not known yet */
    size_t sender_size, recipient_size, reason_size;
    char sender[LOG_ADDRESS_MAX], recipient[LOG_ADDRESS_MAX], reason[LOG_REASON_MAX];
};

struct transactions_place {
    uint64_t key;  /* of the id */
    uint64_t used; /* counts up: the least was not touched for longest */
    struct transaction *transaction;
};

struct transactions_line {
    uint64_t key;
    int64_t time;
    size_t file;
};

struct transactions {
    struct envelopes *envelopes;
    struct clients *clients;
    struct mercury_blacklist *mercury;
    struct traps *traps; /* NULL: no caller needs them; set after transactions_init() */
    struct siphash_key secret;
    struct transactions_place *by_id; /* made when the first id is seen */
    struct transaction *near;         /* the last refusal of each file */
    struct transactions_line *lines;  /* where there is more than one file */
    size_t files;
    uint64_t clock;
    uint64_t refusals;
    uint64_t temporary; /* of these not final */
    uint64_t busy;      /* of these because the server had no room */
    uint64_t unclear;   /* of these final, but the client is not certain from the server's own words, or does
                         * not show */
};

/* FILES logs are read side by side. Returns false when out of memory. */
bool transactions_init(struct transactions *j, struct envelopes *envelopes, struct clients *clients,
                       struct mercury_blacklist *mercury, size_t files);

/* Takes what a line of FILE says at that time. Returns false when out of memory. */
bool transactions_take(struct transactions *j, const struct log_event *e, int64_t time, size_t file);

/* After the last line: what still waits for its client is counted as unclear. */
void transactions_finish(struct transactions *j);

void transactions_fini(struct transactions *j);

#endif
