/*
 * bench_lmdb.h - a blocklist kept in LMDB: the client's address is the key, and the value has the members of
 * one of our entries. As with ours, all processes see a finished write at once, and it may be lost in a power
 * failure (MDB_NOSYNC). Each look-up is a decision of its own: the reader's transaction is renewed for it and
 * reset after it, so that it sees the latest write and keeps no old pages.
 */
#ifndef GATEPOST_BENCH_LMDB_H
#define GATEPOST_BENCH_LMDB_H

#include "bench.h"

#include <lmdb.h>

#include "core/mail/ip.h"

struct lmdb_list {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *reader; /* reset between look-ups; the first look-up begins it */
};

struct lmdb_entry {
    int64_t until, first, last;
    uint32_t hits, times;
    char cause[32];
};

static inline void lmdb_must(int outcome, const char *what)
{
    if (outcome != 0)
        bench_fail("%s: %s", what, mdb_strerror(outcome));
}

static inline struct lmdb_entry lmdb_new_entry(int64_t now, uint32_t seconds)
{
    return (struct lmdb_entry){
        .until = now + seconds, .first = now, .last = now, .times = 1, .cause = "gatepost.conf:12"};
}

/* The file is PATH, its lock PATH-lock. No process may open it twice. */
static inline void lmdb_list_open(struct lmdb_list *l, const char *path)
{
    MDB_txn *txn;
    l->reader = NULL;
    lmdb_must(mdb_env_create(&l->env), "mdb_env_create");
    lmdb_must(mdb_env_set_mapsize(l->env, (size_t)1 << 30), "mdb_env_set_mapsize");
    lmdb_must(mdb_env_open(l->env, path, MDB_NOSUBDIR | MDB_NOSYNC, 0600), "mdb_env_open");
    lmdb_must(mdb_txn_begin(l->env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
    lmdb_must(mdb_dbi_open(txn, NULL, 0, &l->dbi), "mdb_dbi_open");
    mdb_txn_reset(txn);
    l->reader = txn;
}

static inline void lmdb_list_close(struct lmdb_list *l)
{
    mdb_txn_abort(l->reader);
    mdb_env_close(l->env);
}

static inline MDB_val lmdb_key(struct ip *client)
{
    return (MDB_val){sizeof *client, client};
}

/* 1 and *ENTRY, or 0. */
static inline int lmdb_list_lookup(struct lmdb_list *l, struct ip *client, int64_t now,
                                   struct lmdb_entry *entry)
{
    MDB_val value, key = lmdb_key(client);
    lmdb_must(mdb_txn_renew(l->reader), "mdb_txn_renew");
    int outcome = mdb_get(l->reader, l->dbi, &key, &value);
    if (outcome == 0)
        memcpy(entry, value.mv_data, sizeof *entry);
    else if (outcome != MDB_NOTFOUND)
        lmdb_must(outcome, "mdb_get");
    mdb_txn_reset(l->reader);
    return outcome == 0 && entry->until > now;
}

static inline void lmdb_put(struct lmdb_list *l, MDB_txn *txn, struct ip *client,
                            const struct lmdb_entry *entry)
{
    struct lmdb_entry copy = *entry;
    MDB_val key = lmdb_key(client), value = {sizeof copy, &copy};
    lmdb_must(mdb_put(txn, l->dbi, &key, &value, 0), "mdb_put");
}

/* One write transaction, as for a hit on a trap. */
static inline void lmdb_list_add(struct lmdb_list *l, struct ip *client, const struct lmdb_entry *entry)
{
    MDB_txn *txn;
    lmdb_must(mdb_txn_begin(l->env, NULL, 0, &txn), "mdb_txn_begin");
    lmdb_put(l, txn, client, entry);
    lmdb_must(mdb_txn_commit(txn), "mdb_txn_commit");
}

#endif
