/*
 * address.h - the addresses of MAIL and RCPT as facts: as the server itself has read them, or else as they are
 * in the command line.
 */
#ifndef GATEPOST_SESSION_ADDRESS_H
#define GATEPOST_SESSION_ADDRESS_H

#include "state.h"

/* Takes the command line of MAIL or RCPT (FACT is GP_FACT_MAIL or GP_FACT_RCPT; FLAGS are those of mail()
 * and rcpt()). Sets the line, the address and its second spelling among the facts, and uses up what
 * address_parsed() noted. If there is no memory, the fact is unknown. */
void address_take(struct gp_session *s, uint32_t fact, struct text text, uint32_t flags);

/* Notes the address as the server itself has read it from the next command of FACT. FLAGS are those of
 * mail_parsed(). */
void address_parsed(struct gp_session *s, uint32_t fact, struct text address, uint32_t flags);

/* Keeps the address in the form in which it is compared: without the quotes of its local part. Returns false
 * when out of memory. */
bool address_keep_plain(const struct mailbox *m, struct keep *k);

/* Forgets the sender, the recipient and their second spellings: the transaction is over. */
void address_forget(struct gp_session *s);

#endif
