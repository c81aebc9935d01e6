/*
 * format.h - what the parts of table.h share: the open table, its head, and one probe. Private to core/table/.
 *
 * A file is a CDB: 256 pairs (place, slots) of hash tables, then the records from byte 2048 on (key length,
 * value length, key, value), then the hash tables one after the other. All numbers are little-endian, 32 bits.
 */
#ifndef GATEPOST_TABLE_FORMAT_H
#define GATEPOST_TABLE_FORMAT_H

#include "table.h"

#include <cdb.h>

struct table {
    struct file_map map;
    uint32_t records_end; /* where the hash tables begin */
    bool borrowed;        /* the memory belongs to the caller */
    struct table_summary summary;
};

/* The contents of the meta record. */
struct table_meta {
    struct table_summary summary;
    uint64_t size;
    uint64_t sum;
};

/* Reads a meta value. Returns false if it does not have this format. */
bool table_meta_parse(struct text value, struct table_meta *out);

static inline uint32_t table_get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Like table_key(), with the key's cdb_hash(), and the key as it is in the file. */
int table_find(const struct table *t, struct text key, uint32_t hash, struct text *value, struct text *matched);

/* Writes "192.0.2.0/24": IP is already masked. OUT has TABLE_PREFIX_MAX bytes. Returns the length. */
enum { TABLE_PREFIX_MAX = IP_TEXT_MAX + 4 };
size_t table_prefix_format(const struct ip *ip, unsigned bits, char *out);

#endif
