/*
 * scan.h - the small readers that every parser needs: words, blanks, hexadecimal digits, spans of time, and the known
 * name nearest to a misspelt one. Pure; any thread.
 */
#ifndef GATEPOST_BASE_SCAN_H
#define GATEPOST_BASE_SCAN_H

#include "text.h"

/* Removes the next word from *REST and returns it: bytes up to a space or tab; blanks before it are skipped.
 * Empty at the end. */
struct text scan_word(struct text *rest);

/* Returns the index of the first byte of T at or after FROM that is not a space or tab; t.n if there is
 * none. */
size_t scan_blanks(struct text t, size_t from);

/* Returns the value of a hexadecimal digit in either case; -1 if C is not one. */
int scan_hex_digit(unsigned char c);

/* Reads "30m" or "24h": a number and s, m, h, d or w; 1 to UINT32_MAX seconds. Returns false and leaves
 * *SECONDS unchanged if T is not such a time. */
bool scan_duration(struct text t, uint32_t *seconds);

/* Returns the edit distance of two short words, letters of either case; 4 for any distance above 3. */
unsigned scan_distance(struct text a, struct text b);

/* The search for "did you mean": start with scan_near(), pass each known name to scan_near_try(), then read
 * `name` (NULL: none is near). Of equally near names the first wins. */
struct scan_near {
    struct text word;
    const char *name; /* the name as it was passed */
    unsigned limit;   /* only a name at a smaller distance counts */
};

struct scan_near scan_near(struct text word);
void scan_near_try(struct scan_near *near, const char *name);

#endif
