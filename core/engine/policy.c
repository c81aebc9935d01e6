#include "policy.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/state/state_dir.h"

/* A table shared by policies. */
struct shared_table {
    atomic_uint refs;
    struct table *table;
};

enum slot_state { SLOT_UNTRIED, SLOT_OPEN, SLOT_NONE, SLOT_UNUSABLE };

struct table_slot {
    _Atomic(int) state; /* written last, after the other members: readers take no lock */
    struct shared_table *shared;
    struct file_id tried; /* the identity of the file when it was tried */
    bool copy_due; /* its copy in the state directory is not whole; guarded by the mutex of struct keeping */
};

struct policy {
    atomic_uint refs;
    struct keeping *keeping;
    struct block *rules;
    struct plugin_checks *checks;
    struct table_slot slot[TABLE_MOST];
};

static struct shared_table *shared_new(struct table *t)
{
    struct shared_table *s = malloc(sizeof *s);
    if (s) {
        atomic_init(&s->refs, 1);
        s->table = t;
    }
    return s;
}

static void shared_unref(struct shared_table **slot)
{
    struct shared_table *s = *slot;
    *slot = NULL;
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    table_close(&s->table);
    free(s);
}

static struct text table_path(const struct policy *p, unsigned slot)
{
    const struct table_note *note = p->rules ? block_table(p->rules, slot) : NULL;
    return note ? block_text(p->rules, note->path) : TEXT("");
}

static void borrow_table(struct table_slot *to, struct table_slot *from)
{
    int state = atomic_load_explicit(&from->state, memory_order_acquire);
    if (state == SLOT_UNTRIED) /* a session may be opening it right now */
        return;
    to->tried = from->tried;
    to->copy_due = from->copy_due;
    to->shared = from->shared;
    if (to->shared)
        atomic_fetch_add_explicit(&to->shared->refs, 1, memory_order_relaxed);
    atomic_store_explicit(&to->state, state, memory_order_release);
}

struct policy *policy_new(struct keeping *k, struct block *rules, struct plugin_checks *checks,
                          struct policy *before)
{
    struct policy *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    atomic_init(&p->refs, 1);
    p->keeping = k;
    p->rules = rules;
    p->checks = checks;
    for (unsigned slot = 0; before && slot < TABLE_MOST; slot++) {
        struct text path = table_path(p, slot);
        if (path.n && text_eq(path, table_path(before, slot)))
            borrow_table(&p->slot[slot], &before->slot[slot]);
    }
    return p;
}

struct policy *policy_ref(struct policy *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void policy_unref(struct policy **slot)
{
    struct policy *p = *slot;
    *slot = NULL;
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned i = 0; i < TABLE_MOST; i++)
        shared_unref(&p->slot[i].shared);
    block_unref(&p->rules);
    plugin_checks_unref(&p->checks);
    free(p);
}

const struct block *policy_rules(const struct policy *p)
{
    return p->rules;
}

struct plugin_checks *policy_checks(const struct policy *p)
{
    return p->checks;
}

static uint64_t id_stamp(const struct file_id *id)
{
    return text_hash(TEXT_HASH_START, text_of((const char *)id, sizeof *id));
}

/* Goes on with a copy of a good table in the state directory: what a process that finds the table broken goes on with.
 * Returns whether it is not whole yet. */
static bool copy_on(const struct table *t, struct keeping *k, const char *path)
{
    enum { PIECE = 4 << 20 }; /* a few milliseconds */
    char copy[4096];
    struct file_id kept;
    const struct file_id *id = table_id(t);
    if (!k->dir || k->read_only || !state_dir_path(k->dir, "table", path, "cdb", copy, sizeof copy))
        return false;
    if (os_file_id(copy, &kept) == 0 && kept.size == id->size && kept.mtime_ns == id->mtime_ns)
        return false;
    /* No room or no right to write: the table itself is good, so nothing is lost today. */
    return os_copy_on(copy, table_map(t), PIECE) == EAGAIN;
}

static struct table *open_copy(struct keeping *k, const char *path)
{
    char copy[4096];
    char reason[256];
    struct table *t = NULL;
    if (k->dir && state_dir_path(k->dir, "table", path, "cdb", copy, sizeof copy))
        table_open_copy(copy, &t, reason, sizeof reason);
    return t;
}

static void complain(struct keeping *k, struct late_log *log, const char *path, uint64_t stamp,
                     const char *what, const char *consequence)
{
    char line[1024];
    struct writer w = writer_on(line, sizeof line);
    if (!log_once_is_new(&k->once, k->dir, k->read_only, path, stamp))
        return;
    writer_printf(&w, "gatepost: table %.400s: %s; %s", path, what, consequence);
    late_log_add(log, GP_LOG_ERROR, line);
}

/* The identity of no file, so the next look finds a change and tries again. */
static const struct file_id try_again = {.device = UINT64_MAX, .inode = UINT64_MAX};

/* Opens the table at PATH, or the copy of it. Returns the state of its slot. */
static int try_open(struct keeping *k, const struct table_note *note, const char *path, bool has_old,
                    struct table **out, struct file_id *tried, bool *copy_due, struct late_log *log)
{
    char reason[300];
    struct table *t = NULL;
    *copy_due = false;
    int error = table_open(path, &t, reason, sizeof reason);
    if (!error) {
        *tried = *table_id(t);
        *copy_due = copy_on(t, k, path);
        *out = t;
        return SLOT_OPEN;
    }
    os_file_id(path, tried);
    if (error == ENOENT && note->optional)
        return SLOT_NONE;
    if (!has_old)
        *out = open_copy(k, path);
    complain(k, log, path, id_stamp(tried), reason,
             has_old || *out ? "the last good one stays in use" : "no table is in use instead");
    if (os_may_pass(error))
        *tried = try_again;
    return *out ? SLOT_OPEN : SLOT_UNUSABLE;
}

/* Call under the mutex. */
static int open_slot(struct policy *p, unsigned slot, struct late_log *log)
{
    struct table_slot *s = &p->slot[slot];
    const struct table_note *note = p->rules ? block_table(p->rules, slot) : NULL;
    struct text path = table_path(p, slot);
    struct table *t = NULL;
    int state = note && path.n ? try_open(p->keeping, note, path.p, false, &t, &s->tried, &s->copy_due, log)
                               : SLOT_NONE;
    s->shared = t ? shared_new(t) : NULL;
    if (t && !s->shared) {
        table_close(&t);
        s->tried = try_again;
        state = SLOT_UNUSABLE;
    }
    atomic_store_explicit(&s->state, state, memory_order_release);
    return state;
}

static int open_slot_once(struct policy *p, unsigned slot)
{
    struct keeping *k = p->keeping;
    struct late_log log;
    late_log_init(&log);
    os_mutex_lock(k->mutex);
    int state = atomic_load_explicit(&p->slot[slot].state, memory_order_relaxed);
    if (state == SLOT_UNTRIED)
        state = open_slot(p, slot, &log);
    os_mutex_unlock(k->mutex);
    late_log_flush(&log, k->line, k->line_context);
    return state;
}

int policy_table(struct policy *p, unsigned slot, struct table **out)
{
    *out = NULL;
    if (slot >= TABLE_MOST)
        return -1;
    struct table_slot *s = &p->slot[slot];
    int state = atomic_load_explicit(&s->state, memory_order_acquire);
    if (state == SLOT_UNTRIED)
        state = open_slot_once(p, slot);
    if (state == SLOT_OPEN)
        *out = s->shared->table;
    return state == SLOT_OPEN ? 1 : state == SLOT_NONE ? 0 : -1;
}

void policy_copy_tables(struct policy *p)
{
    struct keeping *k = p->keeping;
    for (unsigned slot = 0; slot < TABLE_MOST; slot++) {
        struct table_slot *s = &p->slot[slot];
        if (atomic_load_explicit(&s->state, memory_order_acquire) != SLOT_OPEN)
            continue;
        os_mutex_lock(k->mutex);
        if (s->copy_due)
            s->copy_due = copy_on(s->shared->table, k, table_path(p, slot).p);
        os_mutex_unlock(k->mutex);
    }
}

static bool slot_changed(struct policy *p, unsigned slot)
{
    struct table_slot *s = &p->slot[slot];
    struct text path = table_path(p, slot);
    struct file_id now;
    if (atomic_load_explicit(&s->state, memory_order_acquire) == SLOT_UNTRIED || path.n == 0)
        return false;
    os_file_id(path.p, &now);
    return !file_id_eq(&now, &s->tried);
}

bool policy_tables_changed(struct policy *p)
{
    for (unsigned slot = 0; slot < TABLE_MOST; slot++)
        if (slot_changed(p, slot))
            return true;
    return false;
}

bool policy_renew_tables(struct policy *p, struct policy *before, struct late_log *log)
{
    struct keeping *k = p->keeping;
    bool all_good = true;
    for (unsigned slot = 0; slot < TABLE_MOST; slot++) {
        struct table_slot *s = &p->slot[slot];
        const struct table_note *note = p->rules ? block_table(p->rules, slot) : NULL;
        struct text path = table_path(p, slot);
        struct table *t = NULL;
        if (!before || !note || !slot_changed(p, slot))
            continue;
        os_mutex_lock(k->mutex);
        int state = try_open(k, note, path.p, s->shared != NULL, &t, &s->tried, &s->copy_due, log);
        all_good = all_good && state != SLOT_UNUSABLE;
        struct shared_table *fresh = t ? shared_new(t) : NULL;
        if (t && !fresh) {
            table_close(&t);
            s->tried = try_again;
        }
        if (fresh || state == SLOT_NONE) {
            shared_unref(&s->shared);
            s->shared = fresh;
        }
        atomic_store_explicit(&s->state,
                              s->shared            ? SLOT_OPEN
                              : state == SLOT_NONE ? SLOT_NONE
                                                   : SLOT_UNUSABLE,
                              memory_order_release);
        os_mutex_unlock(k->mutex);
    }
    return all_good;
}

void policy_table_damaged(struct policy *p, unsigned slot)
{
    struct keeping *k = p->keeping;
    struct text path = table_path(p, slot);
    struct late_log log;
    if (path.n == 0)
        return;
    late_log_init(&log);
    os_mutex_lock(k->mutex);
    complain(k, &log, path.p, id_stamp(&p->slot[slot].tried) + 1, "a look-up found damage",
             "make it again from its text with 'gatepost table make'");
    os_mutex_unlock(k->mutex);
    late_log_flush(&log, k->line, k->line_context);
}
