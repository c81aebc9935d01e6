/*
 * log_time.h - the time stamps of logs: syslog (RFC 3164) with and without a year, RFC 5424 and ISO 8601,
 * Exim's own, MercuryS's, the formats of journalctl and syslog-ng, seconds since 1970, TAI64N. A time is that
 * of the server's clock: the zone is ignored, so that lines of one server with different stamps go together,
 * and a printed time can be found in the log. Pure; any thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_TIME_H
#define GATEPOST_TOOLS_ANALYZE_LOG_TIME_H

#include "core/base/writer.h"
#include "core/base/text.h"

struct log_stamp {
    unsigned year; /* 0: missing */
    unsigned month, day, hour, minute, second;
};

/* Removes a stamp and the blank after it from the front of *T. Returns false, and does not change *T, if
 * there is none. */
bool log_time_take(struct text *t, struct log_stamp *out);

/* "20070529  004133" of MercuryS, in the same way. */
bool log_time_take_mercury(struct text *t, struct log_stamp *out);

/*
 * Finds the year if it is missing: that of the line before, or the one next to it if that is nearer, so that
 * the year changes between December and January. The first line has FIRST_YEAR or, if that is 0, the latest
 * year in which it is not in the future.
 */
struct log_years {
    int64_t now;
    unsigned first_year;
    unsigned year;
    int64_t last;
    bool begun;
};

/* Returns false if there is no such time in any year near by. *SECONDS count from 1970, on the server's
 * clock. */
bool log_time_resolve(struct log_years *y, const struct log_stamp *s, int64_t *seconds);

/* "2003-07-24 01:11:45". */
void log_time_format(struct writer *w, int64_t seconds);

#endif
