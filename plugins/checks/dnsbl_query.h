/*
 * dnsbl_query.h - one question for the IPv4 addresses of a name, with a limit in time. It is c-ares that speaks
 * DNS: it draws ids and ports at random, believes an answer only if its id, its question and its sender are
 * right, goes from one name server of /etc/resolv.conf to the next, and asks over TCP where an answer was cut.
 * The resolver of the C library does as much, but counts its time in whole seconds for each server.
 *
 * Each question has a channel of its own, so that threads share nothing, and the name servers are those that
 * /etc/resolv.conf names at that moment. No thread is started; the waiting is done in poll().
 */
#ifndef DNSBL_QUERY_H
#define DNSBL_QUERY_H

#include <stdint.h>

enum dnsbl_outcome {
    DNSBL_NOTHING,   /* there is no such name, or it has no addresses */
    DNSBL_ADDRESSES, /* at least one */
    DNSBL_FAILED     /* no answer, or none that says; `why` has the reason */
};

enum { DNSBL_ADDRESSES_MOST = 16 };

struct dnsbl_answer {
    enum dnsbl_outcome outcome;
    uint32_t address[DNSBL_ADDRESSES_MOST]; /* 127.0.0.2 is 0x7f000002 */
    unsigned count;
    unsigned ttl; /* seconds, the least of them */
    const char *why;
};

/* What must be done once before the first question. Returns 0, or -1. May be called again, by any thread. */
int dnsbl_query_init(void);

/* Asks for NAME, and waits LIMIT_MS milliseconds at most. */
void dnsbl_query(const char *name, unsigned limit_ms, struct dnsbl_answer *out);

#endif
