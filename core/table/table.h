/*
 * table.h - the CDB tables: exemptions, block table, traps and named tables (gatepost.conf(5), TABLES).
 *
 * A table is an immutable, mapped file; its owner counts the references. Any number of threads may use every
 * function but open and close at once. Each look-up checks its bounds: a damaged file gives -1, never a crash.
 * Look-ups neither allocate nor lock.
 *
 * Records: key "client:192.0.2.1", "client:192.0.2.0/24", "client:example.com", "client:.example.com",
 * "helo:…", "from:user@dom", "from:@dom", "from:user@", "from:<>", "to:…"; all lower case, addresses as
 * ip_format() writes them, domains in other alphabets in the ASCII form by which they are looked up (core/mail/idn.h).
 * The value is text: operations ("headers message-id"), "all", "none" or "blocklist"; a reply; or nothing.
 *
 * The first record has the reserved key TABLE_META_KEY. Its value is one line of words of fixed width:
 *   gatepost-table 1 size=HEX16 sum=HEX16 count=HEX16 tags=HEX2 names=HEX1 v4=HEX8,HEX8 v6=HEX32,HEX32
 * These are format, file size, checksum of the file with the sum's digits counted as '0', number of keys
 * (without this one), the tags that occur, whether some client: key is a host name, and the prefix lengths that
 * occur under client: and under helo:.
 */
#ifndef GATEPOST_TABLE_TABLE_H
#define GATEPOST_TABLE_TABLE_H

#include "core/mail/ip.h"
#include "core/os/os.h"

#define TABLE_META_KEY "!gatepost"

enum {
    TABLE_KEY_MAX = 600,
    TABLE_SMALL = 65536,
    TABLE_META_SIZE = 188,           /* bytes of the meta value */
    TABLE_SUM_AT = 2048 + 8 + 9 + 43 /* offset of the sixteen digits of the checksum in the file */
};

enum table_tag { TAG_CLIENT, TAG_HELO, TAG_FROM, TAG_TO, TAG_COUNT };

/* "client:", … */
extern const struct text table_tag_prefix[TAG_COUNT];

struct table;

/* Opens the table at PATH: maps it and checks its head in constant time; a file of TABLE_SMALL bytes at most
 * is checked whole. Returns 0 and sets *OUT, or an errno value; EPROTO means that the file is not a table or
 * is damaged. REASON (cap bytes) says why, in words for an administrator, and what to do. */
int table_open(const char *path, struct table **out, char *reason, size_t cap);

/* The same for a copy that some process kept in the state directory. One that somebody else may change is read into private
 * memory first. */
int table_open_copy(const char *path, struct table **out, char *reason, size_t cap);
void table_close(struct table **table);

/* The same for a table in memory, which must stay as it is until the table is closed. */
int table_open_memory(const unsigned char *bytes, size_t n, struct table **out, char *reason, size_t cap);

const struct file_id *table_id(const struct table *t);
const struct file_map *table_map(const struct table *t);
uint64_t table_count(const struct table *t); /* number of keys, without the reserved one */
bool table_has_tag(const struct table *t, enum table_tag tag);

/* Whether some key under `client:` is a host name, so that the client's name matters. */
bool table_has_client_names(const struct table *t);

/* Reads the whole file: structure, bounds, checksum, count. Returns 0, or EPROTO with the reason. PROGRESS
 * (may be NULL) is called from time to time with the number of bytes done. */
int table_verify(const struct table *t, char *reason, size_t cap,
                 void (*progress)(void *context, uint64_t done, uint64_t all), void *context);

/*
 * The look-ups, narrowest key first. Each returns 1 and the value of the narrowest entry (a slice of the mapped
 * file, valid until the table is closed), 0 if there is none, -1 if the file is damaged there. MATCHED (may be
 * NULL) gets the key, a slice of the file.
 *
 * client: the address; then the verified NAME (empty: none) and the domains above it, ".example.com" for
 * example.com itself too; then the prefixes, longest first.
 */
int table_client(const struct table *t, const struct ip *ip, struct text name, struct text *value,
                 struct text *matched);

/* helo: the ARGUMENT of HELO or EHLO, read as in core/mail/helo.h: an address is looked up like a client's
 * address and prefixes, a domain name like a client's name. */
int table_helo(const struct table *t, struct text argument, struct text *value, struct text *matched);

/* from, to: user@dom, then @dom, then domain keys (dom, .dom and above), then user@. LOCAL is plain
 * (mailbox_local_plain()). An empty sender is the key "from:<>". A postmaster without domain is
 * "postmaster@". */
int table_mailbox(const struct table *t, enum table_tag tag, struct text local, struct text domain,
                  struct text *value, struct text *matched);

/* Looks up a canonical KEY: for one client, name or mailbox the narrowest entry that covers it, as above. A
 * key that covers many (a prefix, .domain, @domain, user@) is found only as it is written. */
int table_ask(const struct table *t, struct text key, struct text *value, struct text *matched);

/* Looks up one key exactly as it is in the file. */
int table_key(const struct table *t, struct text key, struct text *value);

/* Iterates over every record but the reserved one, in file order: start with *POSITION 0. Returns 1 and a
 * record, 0 at the end, -1 if damaged. */
int table_next(const struct table *t, uint64_t *position, struct text *key, struct text *value);

/*
 * For making tables: writes the canonical key for what an administrator wrote ("192.0.2.0/24",
 * "to:Sugar@Example.com", ".example.org"; without a tag client:). Returns the length written to OUT (cap
 * TABLE_KEY_MAX), or 0 with *PROBLEM set to a constant text that says what is wrong.
 */
size_t table_canonical_key(struct text written, char *out, const char **problem);

/* The contents of the meta record, collected while keys are added. Index 0 is client:, 1 helo:. */
struct table_summary {
    uint64_t count;
    uint8_t tags;         /* bit per enum table_tag */
    uint8_t client_names; /* 1: some client: key is a host name */
    uint32_t v4[2];       /* bit N: some prefix of N bits, N < 32 */
    uint64_t v6[2][2];    /* the same for IPv6: bit N % 64 of word N / 64, N < 128 */
};

/* Adds a canonical key to the contents. */
void table_summary_add(struct table_summary *s, struct text key);

/* Writes the meta value for a file of SIZE bytes with checksum SUM, TABLE_META_SIZE bytes and a NUL, to OUT. */
void table_meta_format(const struct table_summary *s, uint64_t size, uint64_t sum, char *out);

#endif
