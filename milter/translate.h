/*
 * translate.h - translates what an MTA says into the form of the engine, and back: names, addresses, arguments,
 * replies. Pure functions of text that do not use libmilter.
 */
#ifndef GATEPOST_MILTER_TRANSLATE_H
#define GATEPOST_MILTER_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/gatepost.h"

/* A macro that the MTA did not send is NULL in all of these. */

/* The state of HOSTNAME, as the connect callback gives it, with {client_ptr} (the PTR's name) and Sendmail's
 * {client_resolve}: an enum gp_name_state. Only with GP_NAME_VERIFIED is HOSTNAME a name. */
enum gp_name_state name_state_of(const char *hostname, const char *client_ptr, const char *client_resolve);

/* The first of two macros that is one of our addresses, without its "IPv6:"; "" if neither is: an address
 * that means all of them does not count. */
const char *address_of(const char *first, const char *second);

/* A port number, or the name of one of the three ports of mail; 0 if it is neither. */
unsigned port_of(const char *macro);

/* Writes the argument of MAIL or RCPT from its pieces, address, then parameters, to OUT, which always ends in NUL. Returns
 * its length; with CAP or more, OUT holds only the beginning. */
size_t arguments_join(char *const *pieces, char *out, size_t cap);

/* Whether the mail server that sent macro {v} is Postfix, whose {mail_addr} and {rcpt_addr} are the addresses as it will
 * deliver them. Those of every other server are a second spelling. */
bool is_postfix(const char *version);

/* What {mail_addr} and {rcpt_addr} say of the address in ARGUMENT, the argument of the command: ADDRESS itself, a text in
 * ROOM, which has CAP bytes, or NULL if they say nothing. With POSTFIX they are the address.
 *
 * Sendmail gives a local user without the domain. If ARGUMENT has that user with a domain, that is what is meant. Else a
 * sender is not told: the user may be the target of a virtual address, and would be taken for an address of ours; nor is what
 * Sendmail calls the null sender. With MAILER, {rcpt_mailer}, "error" the macro is a reply. */
const char *sender_macro(const char *address, const char *argument, bool postfix, char *room, size_t cap);
const char *recipient_macro(const char *address, const char *argument, const char *mailer, bool postfix,
                            char *room, size_t cap);

/* The length of VALUE up to where its field ends: before the first line break with no blank behind it. What
 * follows could pass for a field of its own. */
size_t value_length(const char *value);

/* A reply as smfi_setreply() takes it. */
struct reply {
    char code[4];
    char enhanced[12];       /* empty: none */
    char text[2 * 512 + 64]; /* each % doubled; at most 980 bytes, the most that libmilter takes */
};

/* The reply of VERDICT. A GP_DROP gets 421, with which both MTAs close the connection. */
void reply_of(const struct gp_verdict *verdict, struct reply *reply);

#endif
