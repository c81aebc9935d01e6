/*
 * page_tables.h - the tables of the page, each a section of its own. One thread.
 */
#ifndef GATEPOST_TOOLS_REPORT_PAGE_TABLES_H
#define GATEPOST_TOOLS_REPORT_PAGE_TABLES_H

#include <stdio.h>

#include "core/rules/block.h"
#include "digest.h"

/* The clients that were refused, most often first; page_tables_networks() sorts them by address. */
struct page_clients {
    const struct digest_client **list;
    size_t count, cap;
    bool failed;
};

/* Returns false when out of memory. */
bool page_tables_clients_collect(struct page_clients *c, const struct digest *d);
void page_tables_clients_fini(struct page_clients *c);

/* Rules and other causes; with RULES, not NULL, those that never triggered too. */
void page_tables_causes(FILE *f, const struct digest *d, const struct block *rules);

/* By rule, what trial mode would have refused: no section of its own. */
void page_tables_trial(FILE *f, const struct digest *d);

/* Clients that were refused, and whose mail was accepted on other days: perhaps wrongly refused. */
void page_tables_suspects(FILE *f, const struct digest *d, const struct page_clients *c);

void page_tables_clients(FILE *f, const struct digest *d, const struct page_clients *c);
void page_tables_networks(FILE *f, struct page_clients *c);
void page_tables_relays(FILE *f, const struct digest *d);

/* Traps, where RULES say which those are; else the recipients that were refused most. Returns false when out of memory. */
bool page_tables_recipients(FILE *f, const struct digest *d, const struct block *rules);

#endif
