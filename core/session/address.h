/*
 * address.h - the addresses of MAIL and RCPT as facts: what the server made of them where it says so, else what
 * stands in the command line.
 */
#ifndef GATEPOST_SESSION_ADDRESS_H
#define GATEPOST_SESSION_ADDRESS_H

#include "state.h"

/* Takes the command line of MAIL or RCPT (FACT is GP_FACT_MAIL or GP_FACT_RCPT; FLAGS are those of mail() and
 * rcpt()): sets the line, the address and its second spelling among the facts, and uses up what address_parsed()
 * noted. Where there is no memory for it the fact is unknown. */
void address_take(struct gp_session *s, uint32_t fact, struct text text, uint32_t flags);

/* Notes what the server itself made of the address in the next command that is FACT. FLAGS are those of
 * mail_parsed(). */
void address_parsed(struct gp_session *s, uint32_t fact, struct text address, uint32_t flags);

/* Keeps the address as it is compared: without the quotes of its left side. Returns false when out of memory. */
bool address_keep_plain(const struct mailbox *m, struct keep *k);

/* Forgets the sender, the recipient and their second spellings: the transaction is over. */
void address_forget(struct gp_session *s);

#endif
