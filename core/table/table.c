#include "core/base/writer.h"
#include "core/base/checksum.h"
#include "format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECORDS_AT = 2048, LENGTHS = 8, TABLES = 256 };

#define REMEDY "make it again from its text"

__attribute__((format(printf, 3, 4))) static int damaged(char *reason, size_t cap, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(reason, cap, format, arguments) < 0 && cap)
        reason[0] = '\0';
    va_end(arguments);
    return EPROTO;
}

/* Reads the record at AT. Returns the place after it, or 0 if it is not between the first record and the
 * hash tables. */
static uint32_t read_record(const struct table *t, uint32_t at, struct text *key, struct text *value)
{
    const unsigned char *p = t->map.p + at;
    uint32_t end = t->records_end;
    if (at > end || end - at < LENGTHS)
        return 0;
    uint32_t klen = table_get32(p), vlen = table_get32(p + 4), room = end - at - LENGTHS;
    if (klen > room || vlen > room - klen)
        return 0;
    *key = text_of((const char *)p + LENGTHS, klen);
    *value = text_of((const char *)p + LENGTHS + klen, vlen);
    return at + LENGTHS + klen + vlen;
}

/* The hash tables fill the rest of the file one after the other, with two slots for each record. */
static bool toc_is_sound(const struct table *t, uint64_t records)
{
    uint64_t at = t->records_end, slots = 0;
    for (size_t i = 0; i < TABLES; i++) {
        const unsigned char *p = t->map.p + LENGTHS * i;
        if (table_get32(p) != at)
            return false;
        slots += table_get32(p + 4);
        at += (uint64_t)table_get32(p + 4) * LENGTHS;
    }
    return at == t->map.size && slots == 2 * records;
}

static int check_head(struct table *t, char *reason, size_t cap)
{
    struct table_meta meta;
    struct text key, value;
    const uint64_t size = t->map.size;
    if (size > UINT32_MAX)
        return damaged(reason, cap, "larger than the 4 GB a CDB file can have; " REMEDY);
    if (size < RECORDS_AT + LENGTHS)
        return damaged(reason, cap, "not a table: it has only %u bytes; " REMEDY, (unsigned)size);
    t->records_end = table_get32(t->map.p);
    if (t->records_end > size || !read_record(t, RECORDS_AT, &key, &value) ||
        !text_eq(key, TEXT(TABLE_META_KEY)))
        return damaged(reason, cap, "not made by 'gatepost table make'; " REMEDY);
    if (!table_meta_parse(value, &meta))
        return damaged(reason, cap, "damaged, or made by another version of gatepost; " REMEDY);
    if (meta.size != size)
        return damaged(reason, cap, "%llu bytes, but %llu when it was made: cut short or written over; " REMEDY,
                       (unsigned long long)size, (unsigned long long)meta.size);
    if (meta.summary.count > size || !toc_is_sound(t, meta.summary.count + 1))
        return damaged(reason, cap, "damaged: its hash tables are not where they belong; " REMEDY);
    t->summary = meta.summary;
    return size <= TABLE_SMALL ? table_verify(t, reason, cap, NULL, NULL) : 0;
}

static int open_map(struct file_map map, bool borrowed, struct table **out, char *reason, size_t cap)
{
    struct table *t = calloc(1, sizeof *t);
    int error = ENOMEM;
    *out = NULL;
    if (t) {
        t->map = map;
        t->borrowed = borrowed;
        error = check_head(t, reason, cap);
    }
    if (!error) {
        *out = t;
        return 0;
    }
    if (error != EPROTO)
        os_reason(error, reason, cap);
    if (!borrowed)
        os_unmap(&map);
    free(t);
    return error;
}

static int opened(int error, const struct file_map *map, struct table **out, char *reason, size_t cap)
{
    *out = NULL;
    if (error) {
        os_reason(error, reason, cap);
        return error;
    }
    return open_map(*map, false, out, reason, cap);
}

int table_open(const char *path, struct table **out, char *reason, size_t cap)
{
    struct file_map map;
    return opened(os_map(path, false, &map), &map, out, reason, cap);
}

int table_open_copy(const char *path, struct table **out, char *reason, size_t cap)
{
    struct file_map map;
    return opened(os_map_ours(path, false, &map), &map, out, reason, cap);
}

int table_open_memory(const unsigned char *bytes, size_t n, struct table **out, char *reason, size_t cap)
{
    return open_map((struct file_map){.p = bytes, .size = n, .id = {.size = n}}, true, out, reason, cap);
}

void table_close(struct table **table)
{
    if (*table && !(*table)->borrowed)
        os_unmap(&(*table)->map);
    free(*table);
    *table = NULL;
}

const struct file_id *table_id(const struct table *t)
{
    return &t->map.id;
}

const struct file_map *table_map(const struct table *t)
{
    return &t->map;
}

uint64_t table_count(const struct table *t)
{
    return t->summary.count;
}

bool table_has_tag(const struct table *t, enum table_tag tag)
{
    return t->summary.tags >> tag & 1;
}

bool table_has_client_names(const struct table *t)
{
    return t->summary.client_names;
}

/* Does what cdb_find() does, for a known hash: look-ups hash all their keys first. */
int table_find(const struct table *t, struct text key, uint32_t hash, struct text *value, struct text *matched)
{
    const unsigned char *toc = t->map.p + (size_t)(hash & 255) * LENGTHS;
    const uint32_t slots = table_get32(toc + 4), first = table_get32(toc);
    if (slots == 0)
        return 0;
    if (first > t->map.size || slots > (t->map.size - first) / LENGTHS)
        return -1;
    uint32_t i = (hash >> 8) % slots;
    for (uint32_t tried = 0; tried < slots; tried++, i = i + 1 < slots ? i + 1 : 0) {
        const unsigned char *slot = t->map.p + first + (size_t)i * LENGTHS;
        const uint32_t at = table_get32(slot + 4);
        struct text found, its_value;
        if (at == 0)
            return 0;
        if (table_get32(slot) != hash)
            continue;
        if (at < RECORDS_AT || !read_record(t, at, &found, &its_value))
            return -1;
        if (!text_eq(found, key))
            continue;
        *value = its_value;
        if (matched)
            *matched = found;
        return 1;
    }
    return 0;
}

int table_key(const struct table *t, struct text key, struct text *value)
{
    return table_find(t, key, cdb_hash(key.p, (unsigned)key.n), value, NULL);
}

int table_next(const struct table *t, uint64_t *position, struct text *key, struct text *value)
{
    if (*position == 0)
        *position = read_record(t, RECORDS_AT, key, value);
    if (*position == t->records_end)
        return 0;
    uint32_t next = *position > UINT32_MAX ? 0 : read_record(t, (uint32_t)*position, key, value);
    if (!next)
        return -1;
    *position = next;
    return 1;
}

typedef void progress_function(void *context, uint64_t done, uint64_t all);

/* Returns whether the checksum is the one the meta record names. */
static bool check_sum(const struct table *t, progress_function *progress, void *context)
{
    enum { STEP = 1 << 20 };
    struct checksum sum;
    struct table_meta meta;
    struct text key, value;
    checksum_init(&sum, TABLE_SUM_AT);
    for (size_t at = 0; at < t->map.size; at += STEP) {
        size_t left = t->map.size - at;
        checksum_add(&sum, t->map.p + at, left < STEP ? left : STEP);
        if (progress)
            progress(context, at / 2, t->map.size);
    }
    return read_record(t, RECORDS_AT, &key, &value) && table_meta_parse(value, &meta) &&
           meta.sum == checksum_end(&sum);
}

/* Returns whether the records are adjacent and agree with the meta record. */
static bool check_records(const struct table *t, progress_function *progress, void *context)
{
    struct table_summary found = {0};
    struct text key, value;
    uint64_t at = 0;
    int more;
    while ((more = table_next(t, &at, &key, &value)) > 0) {
        if (key.n == 0 || key.n > TABLE_KEY_MAX)
            return false;
        table_summary_add(&found, key);
        if (progress && found.count % 65536 == 0)
            progress(context, t->map.size / 2 + at / 2, t->map.size);
    }
    const struct table_summary *said = &t->summary;
    return more == 0 && found.count == said->count && found.tags == said->tags &&
           found.client_names == said->client_names && memcmp(found.v4, said->v4, sizeof found.v4) == 0 &&
           memcmp(found.v6, said->v6, sizeof found.v6) == 0;
}

/* Returns whether each record has one slot, in the hash table of its kind. */
static bool check_slots(const struct table *t)
{
    uint64_t used = 0;
    for (size_t i = 0; i < TABLES; i++) {
        const unsigned char *toc = t->map.p + LENGTHS * i, *slot = t->map.p + table_get32(toc);
        for (uint32_t n = table_get32(toc + 4); n; n--, slot += LENGTHS) {
            uint32_t at = table_get32(slot + 4);
            if (!at)
                continue;
            if (at < RECORDS_AT || at > t->records_end - LENGTHS || (table_get32(slot) & 255) != i)
                return false;
            used++;
        }
    }
    return used == t->summary.count + 1;
}

int table_verify(const struct table *t, char *reason, size_t cap, progress_function *progress, void *context)
{
    if (!check_sum(t, progress, context))
        return damaged(reason, cap, "damaged: its checksum is wrong; " REMEDY);
    if (!check_records(t, progress, context) || !check_slots(t))
        return damaged(reason, cap, "damaged: its head does not fit its records; " REMEDY);
    return 0;
}
