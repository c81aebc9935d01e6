/*
 * log_scan.h - small steps through one line of a log. A cursor (struct text) moves only on success. Pure; any
 * thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_SCAN_H
#define GATEPOST_TOOLS_ANALYZE_LOG_SCAN_H

#include "core/mail/ip.h"

/* No field is longer, so that a line full of beginnings without an end is read in limited time. */
enum { LOG_SCAN_NAME_MAX = 400 /* a host name, with an ident before it */, LOG_SCAN_ADDRESS_MAX = 1024 };

/* Removes WORD from the front of *T, letters as they are. Returns whether it was there. */
static inline bool log_scan_eat(struct text *t, struct text word)
{
    if (t->n < word.n || t->p[0] != word.p[0] || memcmp(t->p, word.p, word.n) != 0)
        return false;
    *t = text_skip(*t, word.n);
    return true;
}

/* The same for a word that may be empty, or is in a table. */
static inline bool log_scan_eat_z(struct text *t, const char *word)
{
    return (!word[0] || (t->n && t->p[0] == word[0])) && (!word[0] || log_scan_eat(t, text_z(word)));
}

/* Removes blanks from the front of *T. */
void log_scan_blanks(struct text *t);

/* Removes blanks, also those that web pages put in their place (U+00A0). Returns whether there were any. */
bool log_scan_gap(struct text *t);

/* Removes the text before the next blank, and that blank. */
struct text log_scan_token(struct text *t);

/* Reads COUNT digits. Returns whether they were there. */
bool log_scan_digits(struct text *t, size_t count, unsigned *out);

/* Index of the first WORD at or after FROM, letters as they are; t.n if there is none. */
size_t log_scan_find(struct text t, size_t from, struct text word);

/* The same for the last one. */
size_t log_scan_find_last(struct text t, struct text word);

/* Removes "<address>" from the front of *T; a '>' within quotes does not end it. *OUT is the text in the
 * brackets. */
bool log_scan_bracketed(struct text *t, struct text *out);

/* Reads an address as logs write it in brackets: "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1". */
bool log_scan_ip(struct text t, struct ip *out);

/* Reads a client as Postfix and Exim write it: "name[192.0.2.1]", "[2001:db8::1]:25". Returns whether it has
 * an address. */
bool log_scan_peer(struct text *m, struct ip *client);

#endif
