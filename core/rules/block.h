/*
 * block.h - the compiled rules and settings: one block of memory, addressed by 32-bit offsets, without
 * pointers, so that it can be kept in a file and mapped (image.h). It never changes once built; any number of
 * threads may read it.
 *
 * The rules of one operation form a matcher: a list in file order, and an index that finds the rules that can
 * hold for a text without trying each. The index knows four literal bytes of each pattern (letter case folded),
 * the rarest that the pattern has. A text is walked once, and only rules whose four bytes occur in it are
 * tried. If all patterns have longer runs of literal bytes, the index has the groups of four at STRIDE adjacent
 * places; then a walk that looks only at every STRIDE-th byte finds one of them in any text with the run.
 * Patterns without four such bytes, negated rules and all checks are always tried. `header` rules whose pattern
 * begins with a field name have a matcher for that name.
 */
#ifndef GATEPOST_RULES_BLOCK_H
#define GATEPOST_RULES_BLOCK_H

#include <stdatomic.h>

#include "core/base/writer.h"
#include "core/base/error.h"
#include "core/mail/ip.h"
#include "core/os/os.h"
#include "action.h"
#include "host_settings.h"
#include "operation.h"

/* A piece of the block. */
struct span {
    uint32_t at;
    uint32_t n; /* bytes, or elements of a list */
};

/* RULE_BOUNCES: with RULE_BLOCK, a message from the null sender also puts the client on the blocklist. */
enum { RULE_NOT = 1, RULE_BLOCK = 2, RULE_PATTERN = 4, RULE_PLUGIN = 8, RULE_BOUNCES = 16 };

struct rule {
    uint32_t line;
    uint16_t file; /* index into the block's files */
    uint8_t operation;
    uint8_t action; /* enum rule_action */
    uint8_t flags;
    uint8_t check;          /* index into the registry of checks.h, unless RULE_PATTERN or RULE_PLUGIN */
    uint16_t reply_size;    /* bytes, without the NUL after it; 0: the default reply */
    uint32_t operand;       /* of a check; checks.h. With RULE_PLUGIN: index into the block's plugin checks */
    uint32_t block_seconds; /* with RULE_BLOCK: 0 means the steps of block-time */
    struct span test;       /* pattern code; empty for a check */
    struct span more;       /* further tests, joined by `and`: numbers of the block's terms */
    uint32_t reply_at;
    uint32_t source_at; /* the test as written, NUL-terminated: for messages */
};

struct file_note {
    struct span name; /* as messages show it */
    struct span path; /* absolute */
    struct file_id id;
};

/* Slots of tables: the fixed ones, then one per `table` setting. */
enum { TABLE_EXEMPT, TABLE_BLOCK, TABLE_TRAP, TABLE_NAMED, TABLE_MOST = 64, TABLE_NAME_MOST = 64 };

struct table_note {
    struct span name;  /* of a `table NAME` setting, else empty */
    struct span path;  /* absolute; empty: no such table */
    uint32_t optional; /* the file has no such setting, so a missing file is not a fault */
    uint32_t reserved;
};

/* A check of a plugin with its arguments, once for all rules with the same arguments. Its compiled form is
 * not in the block: plugin_checks.h. */
struct check_note {
    struct span name;
    struct span args;    /* the text between the parentheses */
    uint32_t plugin;     /* index into the block's plugins */
    uint32_t operations; /* as the plugin declared it */
};

struct network {
    uint8_t byte[16];
    uint32_t v6;
    uint32_t bits;
};

enum relay_key { RELAY_ENVELOPE, RELAY_SUBJECT };

struct relay_pattern {
    uint32_t key; /* enum relay_key */
    uint32_t clients;
    uint32_t seconds;
    uint32_t reserved;
};

enum { RECIPIENT_DELIMITERS = 4 };

/* What a session remembers only if some rule asks for it later. */
enum { WATCH_TRAPS = 1, WATCH_TRACE = 2 };

struct settings {
    struct span own_names;        /* list of struct span; other alphabets as A-labels */
    struct span own_addresses;    /* list of struct network, full length */
    struct span own_networks;     /* list of struct network */
    struct span submission_ports; /* list of uint32_t */
    struct span relay_patterns;   /* list of struct relay_pattern */
    struct span state_dir;        /* absolute */
    struct span block_reply;
    struct span relay_reply;
    struct span test_clock;          /* absolute path; empty: none */
    struct span host[HOST_SETTINGS]; /* as in host_settings[] */
    uint32_t block_time[3];
    uint32_t block_memory;
    uint32_t block_entries;
    uint32_t block_prefix[2]; /* IPv4, IPv6 */
    uint32_t relay_block;
    uint8_t judge_authenticated;
    uint8_t block_at_mail;
    uint8_t log_only; /* mode = log */
    uint8_t on_error_tempfail;
    uint8_t needs_name; /* some rule looks at the client's name */
    uint8_t relay_log;  /* relay-block = log: relays are only logged, and no client is listed */
    char recipient_delimiter[RECIPIENT_DELIMITERS]; /* zero after the last */
    uint8_t watches; /* mask of WATCH_…: what some rule asks for after the fact */
    uint8_t reserved[1];
};

struct matcher {
    uint32_t rule_count;
    uint32_t rules_at;  /* uint32_t numbers of rules, ascending */
    uint32_t always_at; /* uint64_t words: bit N: the N-th of them is always tried */
    uint32_t always_any;
    uint32_t stride;      /* the walk looks at every STRIDE-th byte of a text; 0: no index */
    uint32_t filter_bits; /* log2 of the number of bits */
    uint32_t filter_at;   /* uint64_t words: a bit per hash of four bytes; most texts end here */
    uint32_t bucket_bits; /* log2 of the number of buckets */
    uint32_t buckets_at;  /* uint32_t per bucket: its first entry; one more for the end */
    uint32_t entries_at;  /* struct gram_entry */
    uint32_t entry_count;
    uint32_t reserved;
};

/* How many words `always` has, and a set of candidates. */
static inline uint32_t block_matcher_words(const struct matcher *m)
{
    return (m->rule_count + 63) / 64;
}

struct gram_entry {
    uint32_t gram;   /* four bytes, letter case folded */
    uint32_t number; /* of the rule in the matcher */
};

/* A header field that some rule names. */
struct named_field {
    struct span name; /* lower case */
    uint32_t hash;
    uint32_t counted; /* 1 + number of its counter (has, once); 0: not counted */
    struct matcher rules;
};

struct block;

/* Makes a block of memory that it takes over (free()d with it), or of a mapping (unmapped with it). Checks
 * its head, and for a mapping the checksum and the matchers; the rest is checked where it is used. Returns
 * NULL if it is not a block of this engine, or when out of memory: then the caller keeps memory or mapping. */
struct block *block_adopt(void *memory, size_t size);
struct block *block_adopt_map(const struct file_map *map);

/* The same for the caller's memory, which must outlive it; it is checked like a mapping. */
struct block *block_borrow(const void *memory, size_t size);

struct block *block_ref(struct block *r);
void block_unref(struct block **r);

/* Returns the bytes of the block, which are written into an image. */
struct text block_bytes(const struct block *r);

const struct settings *block_settings(const struct block *r);

/* Returns a text of the block; the empty text if the span is outside. A NUL follows it. */
struct text block_text(const struct block *r, struct span s);

/* Returns element N of a list of elements of SIZE bytes; NULL if there is none. */
const void *block_element(const struct block *r, struct span list, uint32_t n, size_t size);

uint32_t block_file_count(const struct block *r);
const struct file_note *block_file(const struct block *r, uint32_t n); /* NULL if there is none */
uint32_t block_table_count(const struct block *r);
const struct table_note *block_table(const struct block *r, uint32_t slot); /* NULL if there is none */
uint32_t block_check_count(const struct block *r);
const struct check_note *block_check(const struct block *r, uint32_t n); /* NULL if there is none */
struct text block_plugin(const struct block *r, uint32_t n);             /* its path; empty if there is none */
uint32_t block_counter_count(const struct block *r);
uint32_t block_most_rules(const struct block *r); /* that one matcher has */
uint32_t block_rule_count(const struct block *r);
uint32_t block_registry(const struct block *r);

/* Returns NULL if there is none. In a block from a file its members can be anything: evaluate_is_sound(). */
const struct rule *block_rule(const struct block *r, uint32_t n);

/* Test N of RULE: 0 is the rule itself; then those that `and` joins to it, each with the members of a test (operation,
 * flags, check, operand, source). NULL if there is none. */
const struct rule *block_test(const struct block *r, const struct rule *rule, uint32_t n);

struct text block_reply(const struct block *r, const struct rule *rule); /* empty: the default */
struct text block_source(const struct block *r,
                         const struct rule *test); /* one test as written, without `not` */

/* All tests of a rule, as they could be written: not "*.*" and trap. */
void block_tests_text(const struct block *r, const struct rule *rule, struct writer *w);

/* Writes "gatepost.conf:3" to W. */
void block_cause(const struct block *r, const struct rule *rule, struct writer *w);

/* Returns the matcher of an operation; for OP_HEADER that of the patterns without a field name. */
const struct matcher *block_matcher(const struct block *r, enum operation op);

/* Returns what is known about a field by its name (any case); NULL if no rule names it. */
const struct named_field *block_field(const struct block *r, struct text name);

/* Return whether NAME is one of own-names; IP one of own-addresses; IP in own-networks; PORT one of
 * submission-ports. */
bool block_own_name(const struct block *r, struct text name);
bool block_own_address(const struct block *r, const struct ip *ip);
bool block_own_network(const struct block *r, const struct ip *ip);
bool block_submission_port(const struct block *r, uint32_t port);

/* The beginning of the block. */
struct block_head {
    char magic[8];
    uint64_t sum; /* of all that follows it */
    uint32_t size;
    uint32_t layout;  /* differs when the layout does */
    char version[16]; /* of the engine that made it */
    struct settings settings;
    struct span files;       /* list of struct file_note */
    struct span tables;      /* list of struct table_note */
    struct span plugins;     /* list of struct span: absolute paths */
    struct span checks;      /* list of struct check_note */
    struct span rules;       /* list of struct rule */
    struct span terms;       /* list of struct rule: the tests that `and` joins to others */
    struct span fields;      /* list of struct named_field */
    struct span field_slots; /* list of uint32_t, a power of two: 1 + number of the field, open addressing by
                                hash; 0 is free */
    uint32_t counters;
    uint32_t registry;   /* identifies the checks of the engine (checks_stamp()) */
    uint32_t most_rules; /* in one matcher */
    struct matcher matcher[OP_COUNT];
};

/* Public only for the walk over a text (index.c), where a session spends its time. */
struct block {
    const unsigned char *base;
    size_t size;
    atomic_uint refs;
    bool distrusted; /* from a file: patterns are checked before they run */
    void *owned;
    struct file_map map;
};

/* Returns N bytes of the block at offset AT; NULL if they are not within it. All code reads the block
 * through this, except the lists of a matcher, which index.h checks once. */
static inline const void *block_at(const struct block *r, uint32_t at, uint64_t n)
{
    return at <= r->size && n <= r->size - at ? r->base + at : NULL;
}

extern const char block_magic[8];
uint32_t block_layout(void);
uint64_t block_sum(const void *block, size_t size);

/* Returns the hash of a field name, the same for letters of either case. */
uint32_t block_field_hash(struct text name);

#endif
