/*
 * idn.h - domain names in other alphabets: the form in ASCII ("xn--…", A-labels) by which names are compared, after
 * RFC 3492 (Punycode). Pure; any thread.
 *
 * Before it is encoded, a name is brought into the usual form, without the tables that all of Unicode would need: letters of
 * Latin (U+0000 to U+017F), Greek, Cyrillic and Armenian become lower case; a letter and the accent that follows it become
 * one letter, where that is a Latin letter of those languages that are written with accents, й, ё, ї or an accented Greek
 * vowel; letters and digits of full width become ordinary ones; the ideographic full stops are dots; the soft hyphen and
 * other signs that are not seen go.
 */
#ifndef GATEPOST_MAIL_IDN_H
#define GATEPOST_MAIL_IDN_H

#include "core/base/text.h"

enum { IDN_MAX = 256 }; /* bytes of a name in ASCII, at most 253, and its NUL */

/* Whether NAME is ASCII already. */
bool idn_is_ascii(struct text name);

/* Writes the form of NAME in ASCII, lower case and NUL-terminated, to OUT (IDN_MAX bytes). Returns its length; 0 if there is
 * none: NAME is empty, is not UTF-8 (RFC 3629), or a label would be longer than 63 bytes or the whole longer than 253.
 * *NORMAL (may be NULL) gets whether NAME was in the usual form as it was written; ASCII letters may be of either case. */
size_t idn_to_ascii(struct text name, char *out, bool *normal);

/* The form of NAME in ASCII: NAME itself if that is ASCII or has no such form, else in ROOM (IDN_MAX bytes). */
struct text idn_name(struct text name, char *room);

#endif
