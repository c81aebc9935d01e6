/*
 * helo.h - reads the host that a client names in HELO or EHLO. All parts of gatepost use this: own names, own
 * addresses and the entries of tables. Pure; any thread.
 */
#ifndef GATEPOST_MAIL_HELO_H
#define GATEPOST_MAIL_HELO_H

#include "ip.h"

struct helo {
    struct text name; /* the first word, without the characters that clients put around it; a slice of the
                       * argument */
    struct ip ip;     /* with `is_address`: the address */
    bool is_address;  /* it is an address: bare, in brackets, with the tag "IPv6:" or without it */
};

/* Reads the ARGUMENT of HELO or EHLO as leniently as servers do. Only its first word counts, without
 * brackets, quotes and dots at its ends, so that "mail.example.com. x", "<mail.example.com>" and
 * "[mail.example.com]," are one name. The name is empty if nothing is left. */
struct helo helo_read(struct text argument);

#endif
