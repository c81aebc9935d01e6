/*
 * calendar.h - dates as written in dialogues (ISO 8601) and mail (RFC 5322 section 3.3, with the obsolete and
 * wrong forms that stored mail is full of). Pure functions of text: neither the locale nor the time zone of the
 * machine matters. Any thread.
 */
#ifndef GATEPOST_TOOLS_LIB_CALENDAR_H
#define GATEPOST_TOOLS_LIB_CALENDAR_H

#include "core/base/writer.h"
#include "core/base/text.h"

/* A moment, and the zone in which it was written. */
struct moment {
    int64_t seconds; /* since 1970 UTC */
    int offset;      /* minutes east of UTC */
};

/* Reads "2003-07-24T01:11:45-07:00"; the zone is Z, +hh:mm or +hhmm. Returns true and sets *OUT if that
 * fills T and is a real date. */
bool calendar_parse_iso(struct text t, struct moment *out);

/* Reads the date of a Date or Received field: "Thu, 24 Jul 2003 01:11:45 -0700 (PDT)", without the day of
 * the week, with a year of two digits, with a named zone (an unknown one counts as UTC, RFC 5322 section
 * 4.3), without seconds; or in the form of asctime(). Returns true and sets *OUT. */
bool calendar_parse_mail(struct text t, struct moment *out);

/* Gets the seconds from 1970-01-01 00:00:00 to that date and time of day, both in one zone. Returns false if
 * there is no such date or time. */
bool calendar_seconds(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                      unsigned second, int64_t *out);

/* Whether T names a month ("Jul", "July"): 1 to 12, else 0. */
unsigned calendar_month(struct text t);

/* Writes the moment as calendar_parse_iso() reads it. */
void calendar_format_iso(struct writer *w, struct moment m);

/* "2003-07-24T08:11:45Z" */
void calendar_format_utc(struct writer *w, int64_t seconds);

#endif
