/*
 * blocks.h - what the verbs of `gatepost blocks` share: the list, where it is, and which entries are selected.
 */
#ifndef GATEPOST_TOOLS_BLOCKS_BLOCKS_H
#define GATEPOST_TOOLS_BLOCKS_BLOCKS_H

#include "core/base/writer.h"
#include "core/table/table.h"
#include "core/state/blocklist.h"
#include "tools/lib/state_context.h"

struct blocks {
    const char *command; /* "gatepost blocks add": messages begin with it */
    struct state_context context;
    struct blocklist *list; /* NULL: there is none yet */
    struct table *exempt;
    int64_t now;
};

enum block_order { ORDER_UNTIL, ORDER_ADDRESS, ORDER_HITS, ORDER_FIRST, ORDER_LAST, ORDER_CAUSE, ORDERS };

/* Selects entries. */
struct blocks_filter {
    const char *cause;   /* a part of the cause, letters of either case; NULL: any */
    struct text address; /* a prefix or an address that overlaps with the entry's; empty: any */
    struct ip_prefix within;
    uint64_t min_hits, min_times;
    bool all; /* also those that have ended and are remembered */
};

enum export_format { EXPORT_BLOCK_TABLE, EXPORT_ACCESS, EXPORT_MERCURY_ACL, EXPORT_FORMATS };

struct blocks_options {
    const char *config, *state_dir;
    const char *cause; /* to be given to an entry */
    struct blocks_filter filter;
    int64_t at;      /* the present time for this command; 0: now */
    unsigned order;  /* enum block_order */
    unsigned format; /* enum export_format; EXPORT_FORMATS: not given */
    bool reverse, json;
};

/* To read the list; to take clients off, which needs no list if there is none; to put clients there. */
enum blocks_use { BLOCKS_READ, BLOCKS_CHANGE, BLOCKS_MAKE };

/* Opens the list. Returns 0, with B->list NULL if there is none; -1: reported on standard error. */
int blocks_open(struct blocks *b, enum blocks_use use);

/* Gets the entries that the filter selects, in no order. Returns 0; -1: out of memory, reported on standard
 * error. The caller frees *OUT. */
int blocks_collect(const struct blocks *b, const struct blocks_filter *f, struct block_entry **out, size_t *n);

void blocks_sort(struct block_entry *entries, size_t n, unsigned order, bool reverse);

/* Writes "61.77.232.38", "2001:db8::/64". */
void blocks_address(const struct ip_prefix *p, struct writer *w);

/* Returns the cause as it is shown: never empty. */
const char *blocks_cause(const struct block_entry *e);

/* Puts a client on the list for TIME (0: the steps, or relay-block) with KIND, and reports the result. Waits
 * for the lock longer than an MTA may. Returns 0; -1: reported on standard error. */
int blocks_put(struct blocks *b, const struct ip *client, uint32_t seconds, enum block_kind kind,
               struct text cause, struct block_outcome *out);

/* Returns whether CLIENT may never be on the list: 1 and *WHY; 0; -1 if this is not known, reported on
 * standard error. */
int blocks_spared(struct blocks *b, const struct ip *client, const char **why);

/* Reads an address, or a prefix of the list's length: an entry is for one of these. On false *WHY says why. */
bool blocks_client(const struct blocks *b, struct text t, struct ip *out, const char **why);

/* Returns the kind of entry for a cause: with the text of relay-reply it is a relay, and gets that reply. */
enum block_kind blocks_kind(const struct blocks *b, struct text cause);

/* The verbs: each returns the exit status. WORDS are the arguments, as many as the verb has, and a NULL. The
 * first two need the list open. */
int blocks_list(struct blocks *b, const struct blocks_options *o);
int blocks_export(struct blocks *b, const struct blocks_options *o);
int blocks_import(struct blocks *b, const char *path);
int blocks_add(struct blocks *b, const struct blocks_options *o, char **words);
int blocks_remove(struct blocks *b, const struct blocks_options *o, char **words);
int blocks_clear(struct blocks *b, const struct blocks_options *o, char **words);
int blocks_resize(struct blocks *b, const struct blocks_options *o, char **words);

#endif
