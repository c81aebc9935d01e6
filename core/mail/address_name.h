/*
 * address_name.h - a client's address spelled out in a host name, as providers name the lines that they lend to
 * customers: 192-0-2-17.dsl.example.net. Pure; any thread.
 *
 *   dashed    192-0-2-17, 192_0_2_17; IPv6 2001-db8-0-0-0-0-0-17, 2001-db8--17
 *   dotted    192.0.2.17; IPv6 2001.db8.0.0.0.0.0.17
 *   reversed  17-2-0-192, 17.2.0.192, 17_2_0_192, 17 and the others without a separator; IPv6 the 32 digits from
 *             the last to the first, with dots or dashes or without
 *   joined    19202117: no separator
 *   padded    192-000-002-017, 192000002017: three digits each (IPv6: four), in either order, with any separator
 *             or none; an address with all its numbers full is spelled as in one of the classes above
 *   hex       c0000211, c0-00-02-11; IPv6 the 32 digits
 *
 * No digit stands directly before or after the spelling (hexadecimal: no such digit), and a spelling without
 * separators has at least eight digits: shorter runs of digits meet an address by chance.
 */
#ifndef GATEPOST_MAIL_ADDRESS_NAME_H
#define GATEPOST_MAIL_ADDRESS_NAME_H

#include "ip.h"

enum {
    ADDRESS_DASHED = 1,
    ADDRESS_DOTTED = 2,
    ADDRESS_REVERSED = 4,
    ADDRESS_JOINED = 8,
    ADDRESS_PADDED = 16,
    ADDRESS_HEX = 32,
    ADDRESS_ANY = 63
};

/* The class called NAME ("dashed", letters of either case), or 0 if there is none. */
unsigned address_name_class(struct text name);

/* The name of one class. */
const char *address_name_word(unsigned one);

/* Which of CLASSES (a mask) spells IP in NAME; the first that is found, in the order above; 0 if none does. */
unsigned address_name_find(const struct ip *ip, struct text name, unsigned classes);

#endif
