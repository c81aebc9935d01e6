/*
 * scan.h - the small readers that every parser needs: words, blanks, hexadecimal digits, spans of time, and the known
 * name nearest to a misspelt one. Pure; any thread.
 */
#ifndef GATEPOST_BASE_SCAN_H
#define GATEPOST_BASE_SCAN_H

#include "text.h"

/* Takes the next word off *REST: bytes up to a space or tab; blanks before it are skipped. Empty at the end. */
struct text scan_word(struct text *rest);

/* The index of the first byte of T at or after FROM that is no space or tab; t.n if there is none. */
size_t scan_blanks(struct text t, size_t from);

/* The value of a hexadecimal digit in either case; -1 if C is none. */
int scan_hex_digit(unsigned char c);

/* "30m", "24h": a number and s, m, h, d or w. 1 to UINT32_MAX seconds. Returns false if it is none; *SECONDS is then
 * unchanged. */
bool scan_duration(struct text t, uint32_t *seconds);

/* Edit distance of two short words, letters of either case; anything above 3 is returned as 4. */
unsigned scan_distance(struct text a, struct text b);

/* The search for "did you mean": start with scan_near(), show it each known name, read `name` (NULL: none is near).
 * Of equally near names the first wins. */
struct scan_near {
    struct text word;
    const char *name; /* as it was shown */
    unsigned limit;   /* only a name at a smaller distance counts */
};

struct scan_near scan_near(struct text word);
void scan_near_try(struct scan_near *near, const char *name);

#endif
