/*
 * digest.h - what `gatepost report` keeps of its logs: counts by hour and cause, and what page.c shows of causes,
 * recipients and relays. Clients are in digest_clients.h. Owned by one thread.
 *
 * Memory is bounded, whatever the logs are. It grows with the number of different clients, not with lines: the ceilings
 * below, 16 MiB each for the envelopes under watch and the patterns found, and the clients take less than 256 MB.
 */
#ifndef GATEPOST_TOOLS_REPORT_DIGEST_H
#define GATEPOST_TOOLS_REPORT_DIGEST_H

#include "digest_clients.h"
#include "tools/analyze/log_files.h"
#include "tools/analyze/transactions.h"

enum {
    DIGEST_CAUSES = 160,       /* different causes; others are counted as one more, "other causes" */
    DIGEST_CAUSE_MAX = 72,     /* bytes of one */
    DIGEST_HOURS = 20000,      /* beyond two years of hours, days are counted instead */
    DIGEST_RECIPIENTS = 20000, /* different refused recipients */
    DIGEST_LINES = 8192,       /* lines remembered to know them again in another log */
    DIGEST_RELAY_BYTES = 16 << 20
};

struct digest_cause {
    char name[DIGEST_CAUSE_MAX]; /* "gatepost.conf:3", "Postfix: 554 5.7.1 Relay access denied" */
    bool ours;                   /* a rule, or a list of gatepost */
    uint64_t refused, would, logged, listed;
    int64_t last;
};

struct digest_hour {
    int64_t start;
    uint32_t refused[DIGEST_CAUSES];
    uint32_t would, accepted, temporary;
    int32_t listed; /* clients that came onto the blocklist, less those that left it */
};

struct digest_recipient {
    uint64_t refused;
    unsigned cause; /* of the last refusal */
    unsigned clients;
    struct ip last_client;
    int64_t last;
    char address[];
};

struct digest {
    struct digest_clients clients;
    struct digest_cause causes[DIGEST_CAUSES];
    size_t cause_count;
    struct digest_hour *hours;         /* in the order of their times */
    size_t hour_count, hour_cap, hint; /* the hour that was asked for last */
    int64_t step;                      /* seconds of one: an hour, or a day */
    struct hashmap recipients;
    struct siphash_key secret;
    uint64_t lines, refused, would, accepted, temporary, unclear, listed, patterns, lost_recipients;
    int64_t first, last;
    bool begun;

    /* Relays, as `gatepost analyze` finds them. */
    struct envelopes envelopes;
    struct clients few; /* the transactions need it; it stays small */
    struct mercury_blacklist mercury;
    struct transactions transactions;

    struct {
        bool open; /* the line before refused something: syslog may say that it came more than once */
        unsigned cause;
        bool has_client;
        struct ip client;
    } recent[LOG_FILES_MOST];
    uint64_t refused_ids[DIGEST_LINES / 8]; /* of Sendmail, by hash: their messages were not accepted */
    struct {
        uint64_t key;
        int64_t time;
        size_t file;
    } seen[DIGEST_LINES];
    bool several; /* logs */
};

/* FILES logs are read side by side, LOG_FILES_MOST at most. Returns NULL when out of memory. */
struct digest *digest_new(size_t files);

/* Takes what a line of FILE said at that time. Returns false when out of memory. */
bool digest_take(struct digest *d, const struct log_event *e, int64_t time, size_t file);

/* After the last line. */
void digest_finish(struct digest *d);

void digest_free(struct digest **d);

#endif
