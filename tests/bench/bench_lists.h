/* bench_lists.h - the same clients in our blocklist and in LMDB, and a file of the same size to read from. */
#ifndef GATEPOST_BENCH_LISTS_H
#define GATEPOST_BENCH_LISTS_H

#include "bench.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench_lmdb.h"
#include "core/state/blocklist.h"

enum { NOW = 1058000000, DAY = 86400 };

enum { LINE = 64 }; /* bytes of a line of the cache, and of a record */

enum subject { OURS, LMDB, SUBJECTS };
struct lists {
    const char *folder;
    uint32_t entries;
    uint32_t added;
    struct blocklist *ours;
    struct lmdb_list lmdb;
    uint8_t *bare; /* our words, followed by our records */
    size_t bare_size;
    uint32_t word_lines, record_lines;
};

/* Different numbers give different addresses: multiplication by an odd number loses nothing. */
static inline struct ip client(uint32_t number)
{
    uint32_t a = number * 2654435761u;
    return (struct ip){{(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a}, 0};
}

static inline const char *path_of(const struct lists *l, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", l->folder, name);
    return path;
}

static inline struct blocklist *ours_open(const struct lists *l)
{
    struct blocklist *list;
    char reason[256];
    if (blocklist_open(l->folder, l->entries, 32, 64, 0, &list, reason, sizeof reason) != 1)
        bench_fail("%s", reason);
    return list;
}

static inline void ours_add(struct blocklist *list, uint32_t number, uint32_t seconds)
{
    char reason[256];
    struct ip ip = client(number);
    struct block_outcome outcome;
    struct block_request request = {.client = &ip,
                                    .now = NOW,
                                    .steps = {1, 2, 3},
                                    .fixed_seconds = seconds,
                                    .cause = TEXT("gatepost.conf:12")};
    if (blocklist_add(list, &request, &outcome, reason, sizeof reason) != 0)
        bench_fail("%s", reason);
}

static inline void add_one(struct lists *l, enum subject subject, uint32_t number, uint32_t seconds)
{
    struct ip ip = client(number);
    struct lmdb_entry entry = lmdb_new_entry(NOW, seconds);
    if (subject == OURS)
        ours_add(l->ours, number, seconds);
    else
        lmdb_list_add(&l->lmdb, &ip, &entry);
}

/* Lists the first COUNT clients for a day. LMDB gets a thousand in each write, because it never frees the
 * memory of its largest write. */
static inline void fill(struct lists *l, uint32_t count)
{
    struct lmdb_entry entry = lmdb_new_entry(NOW, DAY);
    for (l->added = 0; l->added < count;) {
        MDB_txn *txn;
        lmdb_must(mdb_txn_begin(l->lmdb.env, NULL, 0, &txn), "mdb_txn_begin");
        for (unsigned i = 0; i < 1000 && l->added < count; i++, l->added++) {
            struct ip ip = client(l->added);
            ours_add(l->ours, l->added, DAY);
            lmdb_put(&l->lmdb, txn, &ip, &entry);
        }
        lmdb_must(mdb_txn_commit(txn), "mdb_txn_commit");
    }
}

/* Each place has a word of eight bytes and a record, and there are 1.5 places for each entry. */
static inline void bare_open(struct lists *l)
{
    uint32_t places = l->entries + l->entries / 2;
    l->word_lines = places / (LINE / 8);
    l->record_lines = places;
    l->bare_size = ((size_t)l->word_lines + l->record_lines) * LINE;
    int fd = open(path_of(l, "bare"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)l->bare_size) != 0)
        bench_fail("cannot write %s", path_of(l, "bare"));
    l->bare = mmap(NULL, l->bare_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (l->bare == MAP_FAILED)
        bench_fail("cannot map %s", path_of(l, "bare"));
    memset(l->bare, 0, l->bare_size);
    close(fd);
}

static inline void lists_open(struct lists *l)
{
    l->ours = ours_open(l);
    lmdb_list_open(&l->lmdb, path_of(l, "lmdb"));
    bare_open(l);
}

static inline void lists_close(struct lists *l)
{
    blocklist_close(&l->ours);
    lmdb_list_close(&l->lmdb);
    munmap(l->bare, l->bare_size);
}

#endif
