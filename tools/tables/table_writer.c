#include "table_writer.h"

#include "core/table/table.h"
#include "core/base/checksum.h"
#include "tools/lib/outfile.h"

#include <cdb.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { KINDS = 256, RECORDS_AT = 2048, LENGTHS = 8 };

struct slot {
    uint32_t hash;
    uint32_t at; /* of the record; 0: empty */
    uint32_t line;
};

/* The keys whose hash ends in the same byte: they share a hash table in the file. */
struct kind {
    struct slot *slots; /* open addressing by the upper hash bits; `room` is a power of two, or 0 */
    uint32_t room, count;
};

struct table_writer {
    struct outfile *file;
    struct table_summary summary;
    uint64_t size; /* of the finished file, as far as is known */
    struct kind kind[KINDS];
};

static struct slot *find_free(const struct kind *k, uint32_t hash)
{
    uint32_t i = (hash >> 8) & (k->room - 1);
    while (k->slots[i].at)
        i = (i + 1) & (k->room - 1);
    return &k->slots[i];
}

static int grow(struct kind *k)
{
    struct kind larger = {.room = k->room ? 2 * k->room : 16, .count = k->count};
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (!larger.slots)
        return ENOMEM;
    for (uint32_t i = 0; i < k->room; i++)
        if (k->slots[i].at)
            *find_free(&larger, k->slots[i].hash) = k->slots[i];
    free(k->slots);
    *k = larger;
    return 0;
}

/* Whether the record at AT has KEY, and *SAME whether it has VALUE too. */
static int compare_record(struct table_writer *w, uint32_t at, struct text key, struct text value, bool *equal,
                          bool *same)
{
    unsigned char lengths[LENGTHS];
    char old[TABLE_KEY_MAX + 1024];
    int error = outfile_read(w->file, at, lengths, sizeof lengths);
    size_t klen = cdb_unpack(lengths), vlen = cdb_unpack(lengths + 4);
    *equal = false;
    if (error || klen != key.n)
        return error;
    error = outfile_read(w->file, at + LENGTHS, old, klen);
    *equal = !error && memcmp(old, key.p, klen) == 0;
    *same = false;
    if (!*equal || vlen != value.n || vlen > sizeof old)
        return error;
    error = outfile_read(w->file, at + LENGTHS + klen, old, vlen);
    *same = !error && (vlen == 0 || memcmp(old, value.p, vlen) == 0);
    return error;
}

static int find_same_key(struct table_writer *w, uint32_t hash, struct text key, struct text value,
                         unsigned *first, bool *same)
{
    const struct kind *k = &w->kind[hash & 255];
    *first = 0;
    for (uint32_t i = (hash >> 8) & (k->room - 1); k->room && k->slots[i].at; i = (i + 1) & (k->room - 1)) {
        bool equal;
        if (k->slots[i].hash != hash)
            continue;
        int error = compare_record(w, k->slots[i].at, key, value, &equal, same);
        if (error)
            return error;
        if (equal) {
            *first = k->slots[i].line;
            return 0;
        }
    }
    return 0;
}

static int write_record(struct table_writer *w, uint32_t hash, struct text key, struct text value,
                        unsigned line)
{
    struct kind *k = &w->kind[hash & 255];
    unsigned char lengths[LENGTHS];
    uint64_t at = outfile_size(w->file), size = w->size + LENGTHS + key.n + value.n + 2 * (uint64_t)LENGTHS;
    if (size > UINT32_MAX)
        return EFBIG;
    int error = k->count + 1 > k->room / 4 * 3 ? grow(k) : 0;
    cdb_pack((unsigned)key.n, lengths);
    cdb_pack((unsigned)value.n, lengths + 4);
    if (!error)
        error = outfile_add(w->file, lengths, sizeof lengths);
    if (!error)
        error = outfile_add(w->file, key.p, key.n);
    if (!error)
        error = outfile_add(w->file, value.p, value.n);
    if (error)
        return error;
    *find_free(k, hash) = (struct slot){.hash = hash, .at = (uint32_t)at, .line = line};
    k->count++;
    w->size = size;
    return 0;
}

static int add_meta(struct table_writer *w)
{
    static const unsigned char no_toc[RECORDS_AT];
    char value[TABLE_META_SIZE + 1];
    int error = outfile_add(w->file, no_toc, sizeof no_toc);
    if (error)
        return error;
    w->size = RECORDS_AT;
    table_meta_format(&w->summary, 0, 0, value);
    return write_record(w, cdb_hash(TABLE_META_KEY, sizeof TABLE_META_KEY - 1), TEXT(TABLE_META_KEY),
                        text_of(value, TABLE_META_SIZE), 0);
}

int table_writer_new(const char *path, struct table_writer **out)
{
    struct table_writer *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return ENOMEM;
    int error = outfile_open(path, &w->file);
    if (!error)
        error = add_meta(w);
    if (error)
        table_writer_discard(&w);
    *out = w;
    return error;
}

int table_writer_add(struct table_writer *w, struct text key, struct text value, unsigned line, unsigned *first,
                     bool *same)
{
    uint32_t hash = cdb_hash(key.p, (unsigned)key.n);
    int error = find_same_key(w, hash, key, value, first, same);
    if (error || *first)
        return error;
    error = write_record(w, hash, key, value, line);
    if (!error)
        table_summary_add(&w->summary, key);
    return error;
}

uint64_t table_writer_count(const struct table_writer *w)
{
    return w->summary.count;
}

/* One hash table of the file: twice as many slots as keys, each key at its place or the next free one after
 * it. */
static int write_hash_table(struct table_writer *w, const struct kind *k)
{
    uint32_t slots = 2 * k->count;
    if (!slots)
        return 0;
    unsigned char *bytes = calloc(slots, LENGTHS);
    if (!bytes)
        return ENOMEM;
    for (uint32_t i = 0; i < k->room; i++) {
        if (!k->slots[i].at)
            continue;
        uint32_t place = (k->slots[i].hash >> 8) % slots;
        while (cdb_unpack(bytes + (size_t)place * LENGTHS + 4))
            place = place + 1 < slots ? place + 1 : 0;
        cdb_pack(k->slots[i].hash, bytes + (size_t)place * LENGTHS);
        cdb_pack(k->slots[i].at, bytes + (size_t)place * LENGTHS + 4);
    }
    int error = outfile_add(w->file, bytes, (size_t)slots * LENGTHS);
    free(bytes);
    return error;
}

static int write_meta(struct table_writer *w, uint64_t sum)
{
    char value[TABLE_META_SIZE + 1];
    table_meta_format(&w->summary, outfile_size(w->file), sum, value);
    return outfile_overwrite(w->file, RECORDS_AT + LENGTHS + sizeof TABLE_META_KEY - 1, value, TABLE_META_SIZE);
}

static int sum_file(struct table_writer *w, uint64_t *out)
{
    enum { STEP = 1 << 18 };
    struct checksum sum;
    unsigned char *bytes = malloc(STEP);
    int error = bytes ? 0 : ENOMEM;
    checksum_init(&sum, TABLE_SUM_AT);
    for (uint64_t at = 0, size = outfile_size(w->file); !error && at < size; at += STEP) {
        size_t n = size - at < STEP ? (size_t)(size - at) : STEP;
        error = outfile_read(w->file, at, bytes, n);
        if (!error)
            checksum_add(&sum, bytes, n);
    }
    free(bytes);
    *out = checksum_end(&sum);
    return error;
}

static int complete(struct table_writer *w)
{
    unsigned char toc[RECORDS_AT];
    uint64_t sum;
    int error = 0;
    for (size_t i = 0; i < KINDS && !error; i++) {
        cdb_pack((unsigned)outfile_size(w->file), toc + LENGTHS * i);
        cdb_pack(2 * w->kind[i].count, toc + LENGTHS * i + 4);
        error = write_hash_table(w, &w->kind[i]);
    }
    if (!error)
        error = outfile_overwrite(w->file, 0, toc, sizeof toc);
    if (!error)
        error = write_meta(w, 0);
    if (!error)
        error = sum_file(w, &sum);
    return error ? error : write_meta(w, sum);
}

int table_writer_finish(struct table_writer **w)
{
    int error = complete(*w);
    if (!error)
        error = outfile_commit(&(*w)->file);
    table_writer_discard(w);
    return error;
}

void table_writer_discard(struct table_writer **writer)
{
    struct table_writer *w = *writer;
    if (!w)
        return;
    outfile_discard(&w->file);
    for (unsigned i = 0; i < KINDS; i++)
        free(w->kind[i].slots);
    free(w);
    *writer = NULL;
}
