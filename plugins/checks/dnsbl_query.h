/*
 * dnsbl_query.h - one question for the IPv4 addresses of a name, with a limit in time. It is c-ares that speaks
 * DNS: it believes an answer only if its id, its question and its sender are right, and goes from one name
 * server of /etc/resolv.conf to the next. The id comes from the kernel, and so does the port: each question has
 * a channel and a socket of its own. So threads share nothing, and the name servers are those that the file
 * names at that moment. No thread is started; the waiting is done in poll().
 *
 * The resolver of the C library does as much, but draws its ids from the clock, and counts its time in whole
 * seconds for each server.
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
